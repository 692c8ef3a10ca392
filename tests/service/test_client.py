import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from service.api.wire import ScoreAnswer
from service.assessing import Context
from service.client import (
    Answer,
    ApiError,
    AsyncClient,
    Client,
    NoAnswerError,
    UnverifiedError,
    verify_webhook,
)
from service.jobs.running import run_job
from service.settings import Settings
from tests.factories import HONEST, LURE


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


@pytest.fixture
def key(make_partner_key: Callable[..., str]) -> str:
    return make_partner_key(scopes=("score", "read", "admin"))


@pytest.fixture
def board(client: TestClient, key: str) -> Iterator[Client]:
    with Client("http://testserver", key=key, transport=client._transport, sleep=lambda _s: None) as one:
        yield one


def test_a_score_comes_back_typed_and_is_found_again(board: Client) -> None:
    answer = board.score({"id": "JB-1", "text": LURE})
    assert answer.band == "high"
    span = answer.reasons[0].spans[0]
    assert LURE[span.start : span.end] == span.text
    assert answer.id
    assert board.assessment(answer.id).score == answer.score


def test_a_refusal_says_which_field(board: Client) -> None:
    with pytest.raises(ApiError) as caught:
        board.score({"title": 5})
    assert caught.value.problem.slug == "validation"
    assert caught.value.problem.errors[0]["pointer"] == "/title"


def test_a_batch_gives_answers_and_problems(board: Client) -> None:
    items = board.score_batch([{"text": LURE}, {}])
    assert items[0].answer
    assert items[0].answer.band == "high"
    assert items[1].problem
    assert items[1].problem.status == 422


def test_a_call_takes_every_option_the_api_has(client: TestClient, key: str) -> None:
    options = {"language": "th", "store": "none", "explain": False}

    async def scored() -> list[Answer]:
        transport = httpx2.ASGITransport(app=client.app)
        async with AsyncClient("http://testserver", key=key, transport=transport) as board:
            (item,) = await board.score_batch([{"text": LURE}], **options)
            return [await board.score({"text": LURE}, **options), item.answer]

    with Client("http://testserver", key=key, transport=client._transport) as board:
        (item,) = board.score_batch([{"text": LURE}], **options)
        answers = [board.score({"text": LURE}, **options), item.answer, *asyncio.run(scored())]
    for answer in answers:
        assert (answer.kept["store"], answer.reasons, answer.notices["language"]) == ("none", (), "th")


def test_pages_are_walked_to_the_end(board: Client) -> None:
    ids = [board.score({"id": f"JB-{n}", "text": f"{HONEST} {n}"}).id for n in range(5)]
    assert sorted(line["id"] for line in board.assessments(page_size=2)) == sorted(ids)


def test_a_job_from_sending_to_lines(board: Client, context: Context) -> None:
    body = b'{"id": "1", "text": "A cook for our canteen"}\nnonsense\n'
    job = board.send_job(body, idempotency_key="j1")
    assert board.send_job(body, idempotency_key="j1").id == job.id
    run_job(context, job.id)
    assert board.wait_for_job(job.id).n_scored == 1
    assert [line.answer.advert_id for line in board.job_lines(job.id) if line.answer] == ["1"]
    assert [line.problem.status for line in board.job_lines(job.id, refused=True) if line.problem] == [400]
    with pytest.raises(ApiError):
        list(board.job_lines("job_unknown"))


def test_a_webhook_is_added_with_its_secret(board: Client) -> None:
    made = board.add_webhook("https://board.example.com/hooks", events=["job.finished"])
    assert made.secret
    assert made.events == ("job.finished",)


class Flaky(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers as told, and writes down what it was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


def said(**more: object) -> httpx2.Response:
    body = {
        "advert_id": "1", "score": 0.5, "band": "brand_new", "thresholds": {}, "patterns": {}, "language": {},
        "model_version": "r2", "catalogue_version": "c2", "assessed_at": "2026-11-21T12:00:00Z", **more,
    }  # fmt: skip
    return httpx2.Response(200, json=body)


def refused(status: int, slug: str, **headers: str) -> httpx2.Response:
    body = {"type": f"https://lurewatch.example/problems/{slug}", "title": "No", "status": status}
    return httpx2.Response(status, json=body, headers=headers)


def troubled() -> Flaky:
    return Flaky(
        refused(429, "rate-limited", **{"Retry-After": "7"}),
        httpx2.ConnectError("refused"),
        refused(409, "in-flight", **{"Retry-After": "1"}),
        httpx2.Response(502, text="bad gateway"),
        said(some_day={"more": 1}),
    )


def check_troubled(transport: Flaky, waits: list[float], answer: Answer) -> None:
    assert answer.band == "brand_new"
    assert waits[0] == 7
    assert waits[2] == 1
    assert 0 < waits[1] <= 1 < waits[3] <= 4
    keys = {request.headers["idempotency-key"] for request in transport.asked}
    assert (len(transport.asked), len(keys)) == (5, 1)


def test_what_passes_is_retried_under_one_key_and_as_late_as_asked() -> None:
    transport, waits = troubled(), []
    with Client("http://x", key="k", transport=transport, sleep=waits.append) as client:
        check_troubled(transport, waits, client.score({"text": "x"}))


def test_the_async_client_does_the_same() -> None:
    transport, waits = troubled(), []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def run() -> Answer:
        async with AsyncClient("http://x", key="k", transport=transport, sleep=sleep) as client:
            return await client.score({"text": "x"})

    check_troubled(transport, waits, asyncio.run(run()))


def test_the_async_client_speaks_with_the_real_service(app: FastAPI, key: str, context: Context) -> None:
    async def run() -> tuple[str, list[str], list[int], int]:
        transport = httpx2.ASGITransport(app=app)
        async with AsyncClient("http://testserver", key=key, transport=transport) as client:
            band = (await client.score({"id": "JB-1", "text": LURE})).band
            await client.score_batch([{"id": "JB-2", "text": HONEST}])
            listed = [line["advert_id"] async for line in client.assessments(page_size=1)]
            job = await client.send_job(b'{"text": "A cook"}\n', idempotency_key="a1")
            await asyncio.to_thread(run_job, context, job.id)
            ended = await client.wait_for_job(job.id)
            lines = [line.line async for line in client.job_lines(job.id)]
            return band, listed, lines, ended.n_scored

    band, listed, lines, n_scored = asyncio.run(run())
    assert (band, sorted(listed), lines, n_scored) == ("high", ["JB-1", "JB-2"], [1], 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_what_stays_refused_is_not_retried(status: int) -> None:
    transport = Flaky(refused(status, "something"))
    with Client("http://x", key="k", transport=transport) as client, pytest.raises(ApiError):
        client.score({"text": "x"})
    assert len(transport.asked) == 1


def test_retries_end() -> None:
    transport = Flaky(*[httpx2.ConnectError("refused")] * 3)
    with (
        Client("http://x", key="k", transport=transport, retries=2, sleep=lambda _s: None) as client,
        pytest.raises(NoAnswerError),
    ):
        client.score({"text": "x"})
    assert transport.answers == []


def signed(body: bytes, at: datetime, secret: str) -> dict[str, str]:
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


SECRET, OTHER = ("whsec_" + "QUJDREVGR0hJSktMTU5PUA==", "whsec_" + "YWJjZGVmZ2hpamtsbW5vcA==")
BODY = b'{"type": "job.finished", "timestamp": "2026-11-21T12:00:00Z", "data": {"job_id": "job_1"}}'


def test_a_webhook_that_is_ours_is_read() -> None:
    headers = signed(BODY, datetime.now(tz=UTC), SECRET)
    event = verify_webhook(BODY, headers, [OTHER, SECRET])
    assert (event.id, event.type, event.data["job_id"]) == ("msg_1", "job.finished", "job_1")


@pytest.mark.parametrize("case", ["altered", "old", "other secret", "no signature", "nonsense", "other id"])
def test_a_webhook_that_is_not_is_refused(case: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) if case == "old" else datetime.now(tz=UTC)
    headers = signed(BODY, at, OTHER if case == "other secret" else SECRET)
    if case == "no signature":
        del headers["Webhook-Signature"]
    if case == "nonsense":
        headers["Webhook-Signature"] = "v1,§§ v1 ,"
    if case == "other id":
        headers["Webhook-Id"] = "msg_2"
    with pytest.raises(UnverifiedError):
        verify_webhook(BODY + b" " if case == "altered" else BODY, headers, SECRET)


def test_the_client_knows_every_field_that_it_names(board: Client) -> None:
    assert set(Answer.model_fields) <= set(ScoreAnswer.model_fields)
    known = json.loads(board.score({"text": LURE}).model_dump_json())
    assert known["kept"]["store"] == "full"


def test_the_client_starts_without_the_service_the_model_or_a_database() -> None:
    code = "import sys, service.client; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    loaded = set(json.loads(done.stdout.replace("'", '"')))
    assert loaded & {"fastapi", "starlette", "sqlalchemy", "sklearn", "spacy", "model", "crawler"} == set()
