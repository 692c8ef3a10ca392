"""The plain client."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


class Client:
    """Calls the API with one key; use it as a context manager, or close it.

    `with Client("https://lurewatch.example.com", key=KEY) as client: client.score({"title": "…"}).band`
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: str,
        retries: int = 4,
        timeout_s: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx2.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=timeout_s,
            transport=transport,
        )
        self._retries = retries
        self._sleep = sleep

    def score(
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
        return read(self.call(post("/v1/score", as_json(advert), key=idempotency_key, params=params)), Answer)

    def score_batch(
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
        response = check(self.call(call))
        return [BatchItem.model_validate(item) for item in response.json()["items"]]

    def assessment(self, assessment_id: str) -> Answer:
        """Read an assessment again."""
        return read(self.call(get(f"/v1/assessments/{assessment_id}")), Answer)

    def assessments(self, *, page_size: int = 100) -> Iterator[Mapping[str, Any]]:
        """Give all your assessments in short, newest first, page after page."""
        return self._pages("/v1/assessments", page_size)

    def send_job(
        self, adverts: bytes | Iterable[bytes], *, packed: bool = False, idempotency_key: str
    ) -> Job:
        """Send a bulk job: one advert per line, as bytes or as pieces that are read as they are sent.

        The key is yours to choose, so that a job sent twice is one; pieces can be sent once only and are
        not retried.
        """
        headers = {"Content-Type": NDJSON, "Idempotency-Key": idempotency_key}
        if packed:
            headers["Content-Encoding"] = "gzip"
        if isinstance(adverts, bytes):
            return read(self.call(Call("POST", "/v1/jobs", content=adverts, headers=headers)), Job)
        return read(self._http.post("/v1/jobs", content=adverts, headers=headers), Job)

    def job(self, job_id: str) -> Job:
        """Ask how far a job is."""
        return read(self.call(get(f"/v1/jobs/{job_id}")), Job)

    def wait_for_job(self, job_id: str, *, every_s: float = 5.0) -> Job:
        """Ask until a job has ended."""
        while not (job := self.job(job_id)).has_ended:
            self._sleep(every_s)
        return job

    def job_lines(self, job_id: str, *, refused: bool = False) -> Iterator[JobLine]:
        """Give the answers of a job, or its refusals, one by one and without holding the file."""
        path = f"/v1/jobs/{job_id}/{'errors' if refused else 'output'}"
        with self._http.stream("GET", path) as response:
            if response.is_error:
                response.read()
            for line in check(response).iter_lines():
                yield JobLine.model_validate_json(line)

    def add_webhook(
        self, url: str, *, events: Sequence[str] = ("*",), idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Add a webhook endpoint; keep its `secret`, it is given this once."""
        body = {"url": url, "events": list(events)}
        return read(self.call(post("/v1/webhooks", body, key=idempotency_key)), WebhookEndpoint)

    def call(self, request: Call) -> httpx2.Response:
        """Send any request of the API, with retries; raises `NoAnswerError` when there is none."""
        attempt = 0
        while True:
            response, broke = None, None
            try:
                response = self._http.request(
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
            self._sleep(pause)
            attempt += 1

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _pages(self, path: str, page_size: int) -> Iterator[Mapping[str, Any]]:
        cursor = None
        while True:
            page = check(self.call(get(path, {"limit": page_size, "cursor": cursor}))).json()
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return
