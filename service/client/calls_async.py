"""The async client: the same calls, awaited."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

import httpx2

from service.client.errors import NoAnswerError
from service.client.records import Answer, BatchItem, Job, JobLine, WebhookEndpoint
from service.client.requests import (
    NDJSON,
    Advert,
    Call,
    as_batch,
    as_json,
    check,
    get,
    post,
    read,
    wait_before,
)


class AsyncClient:
    """Calls the API with one key; use it with `async with`, or close it."""

    def __init__(
        self,
        base_url: str,
        *,
        key: str,
        retries: int = 4,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=timeout_s,
            transport=transport,
        )
        self._retries = retries
        self._sleep = sleep

    async def score(
        self,
        advert: Advert,
        *,
        language: str | None = None,
        store: str | None = None,
        explain: bool | None = None,
        model: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Score one advert; raises `ApiError` when it is refused."""
        params = {"language": language, "store": store, "explain": explain, "model": model}
        call = post("/v1/score", as_json(advert), key=idempotency_key, params=params)
        return read(await self.call(call), Answer)

    async def score_batch(
        self,
        adverts: Sequence[Advert],
        *,
        language: str | None = None,
        store: str | None = None,
        explain: bool | None = None,
        model: str | None = None,
        idempotency_key: str | None = None,
    ) -> list[BatchItem]:
        """Score up to 100 adverts; each item holds an answer or a problem."""
        params = {"language": language, "store": store, "explain": explain, "model": model}
        call = post("/v1/score/batch", as_batch(adverts), key=idempotency_key, params=params)
        response = check(await self.call(call))
        return [BatchItem.model_validate(item) for item in response.json()["items"]]

    async def assessment(self, assessment_id: str) -> Answer:
        """Read an assessment again."""
        return read(await self.call(get(f"/v1/assessments/{assessment_id}")), Answer)

    async def assessments(self, *, page_size: int = 100) -> AsyncIterator[Mapping[str, Any]]:
        """Give all your assessments in short, newest first, page after page."""
        cursor = None
        while True:
            params = {"limit": page_size, "cursor": cursor}
            page = check(await self.call(get("/v1/assessments", params))).json()
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def send_job(
        self, adverts: bytes | AsyncIterable[bytes], *, packed: bool = False, idempotency_key: str
    ) -> Job:
        """Send a bulk job; as `Client.send_job`."""
        headers = {"Content-Type": NDJSON, "Idempotency-Key": idempotency_key}
        if packed:
            headers["Content-Encoding"] = "gzip"
        if isinstance(adverts, bytes):
            return read(await self.call(Call("POST", "/v1/jobs", content=adverts, headers=headers)), Job)
        return read(await self._http.post("/v1/jobs", content=adverts, headers=headers), Job)

    async def job(self, job_id: str) -> Job:
        """Ask how far a job is."""
        return read(await self.call(get(f"/v1/jobs/{job_id}")), Job)

    async def wait_for_job(self, job_id: str, *, every_s: float = 5.0) -> Job:
        """Ask until a job has ended."""
        while not (job := await self.job(job_id)).has_ended:
            await self._sleep(every_s)
        return job

    async def job_lines(self, job_id: str, *, refused: bool = False) -> AsyncIterator[JobLine]:
        """Give the answers of a job, or its refusals, one by one and without holding the file."""
        path = f"/v1/jobs/{job_id}/{'errors' if refused else 'output'}"
        async with self._http.stream("GET", path) as response:
            if response.is_error:
                await response.aread()
            async for line in check(response).aiter_lines():
                yield JobLine.model_validate_json(line)

    async def add_webhook(
        self, url: str, *, events: Sequence[str] = ("*",), idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Add a webhook endpoint; keep its `secret`, it is given this once."""
        body = {"url": url, "events": list(events)}
        return read(await self.call(post("/v1/webhooks", body, key=idempotency_key)), WebhookEndpoint)

    async def call(self, request: Call) -> httpx2.Response:
        """Send any request of the API, with retries; raises `NoAnswerError` when there is none."""
        attempt = 0
        while True:
            response, broke = None, None
            try:
                response = await self._http.request(
                    request.method,
                    request.path,
                    params=request.params,
                    json=request.json,
                    content=request.content,
                    headers=request.headers,
                )
            except httpx2.TransportError as error:
                broke = error
            pause = wait_before(attempt, response) if attempt < self._retries else None
            if pause is None:
                if response is None:
                    raise NoAnswerError(f"no answer from {request.path}") from broke
                return response
            await self._sleep(pause)
            attempt += 1

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
