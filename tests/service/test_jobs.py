import gzip
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service import worker
from service.assessing import Context
from service.jobs import running
from service.jobs.files import files_of
from service.jobs.running import run_job
from service.rates import RateLimits
from service.settings import Settings
from service.store.tables import AssessmentRow, JobRow
from service.worker import Worker
from tests.factories import HONEST, LURE
from tests.service.test_api import check_problem

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


def lines(n: int) -> bytes:
    texts = (LURE, HONEST)
    return b"".join(
        json.dumps({"id": f"JB-{k}", "text": f"{texts[k % 2]} Number {k}."}).encode() + b"\n"
        for k in range(n)
    )


def send(client: TestClient, body: bytes, **headers: str) -> dict:
    response = client.post("/v1/jobs", content=body, headers={**NDJSON, **headers})
    assert response.status_code == 202, response.text
    return response.json()


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_ends_up_in_one_of_two_files(client: TestClient, context: Context) -> None:
    body = b'{"id": "1", "text": "%s"}\n\nnonsense\n{"title": 5}\n{"id": "5", "text": "x", "colour": 1}'
    job = send(client, body % LURE.encode())
    assert (job["state"], job["progress"]) == ("queued", 0)
    assert run_job(context, job["id"])
    done = client.get(f"/v1/jobs/{job['id']}").json()
    assert (done["state"], done["n_lines"], done["n_scored"], done["n_refused"]) == ("done", 5, 2, 2)
    output = rows(client.get(f"/v1/jobs/{job['id']}/output").text)
    assert [(row["line"], row["advert_id"], row["status"]) for row in output] == [
        (1, "1", 200),
        (5, "5", 200),
    ]
    assert output[1]["answer"]["ignored"] == ["colour"]
    assert client.get(f"/v1/assessments/{output[0]['answer']['id']}").json()["band"] == "high"
    errors = rows(client.get(f"/v1/jobs/{job['id']}/errors").text)
    assert [(row["line"], row["status"]) for row in errors] == [(3, 400), (4, 422)]
    assert errors[1]["problem"]["errors"][0]["pointer"] == "/title"


def test_a_packed_body_of_several_members_is_the_same_job(client: TestClient, context: Context) -> None:
    packed = gzip.compress(lines(3)) + gzip.compress(lines(6)[len(lines(3)) :])
    plain, sent = send(client, lines(6)), send(client, packed, **{"Content-Encoding": "gzip"})
    assert sent["input_sha256"] == plain["input_sha256"]
    assert run_job(context, sent["id"])
    assert client.get(f"/v1/jobs/{sent['id']}").json()["n_scored"] == 6


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        (b"", {}, 400, "bad-request"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "bad-request"),
        (gzip.compress(lines(5))[:-9], {"Content-Encoding": "gzip"}, 400, "bad-request"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unsupported-media-type"),
        (b"{}", {"Content-Type": "application/json"}, 415, "unsupported-media-type"),
    ],
)
def test_a_body_that_is_no_job_leaves_nothing_behind(
    client: TestClient, settings: Settings, body: bytes, headers: dict, status: int, slug: str
) -> None:
    response = client.post("/v1/jobs", content=body, headers={**NDJSON, **headers})
    check_problem(response, status, slug)
    assert list(settings.jobs_folder.glob("*")) == []


def test_a_body_that_unpacks_to_more_than_the_limit_is_a_413(client: TestClient, app, settings) -> None:  # noqa: ANN001
    small = settings.model_copy(update={"max_job_bytes": 50_000})
    object.__setattr__(app.state.context, "settings", small)
    bomb = gzip.compress(b" " * 40_000_000)
    response = client.post("/v1/jobs", content=bomb, headers={**NDJSON, "Content-Encoding": "gzip"})
    check_problem(response, 413, "too-large")
    assert list(settings.jobs_folder.glob("*")) == []


def test_a_line_over_the_limit_is_refused_and_the_next_one_is_not(
    client: TestClient, context: Context
) -> None:
    long = b'{"text": "' + b"x" * 2_100_000 + b'"}\n'
    job = send(client, long + lines(1) + long.rstrip(b"\n"))
    assert run_job(context, job["id"])
    errors = rows(client.get(f"/v1/jobs/{job['id']}/errors").text)
    assert [(row["line"], row["status"]) for row in errors] == [(1, 413), (3, 413)]
    assert [row["line"] for row in rows(client.get(f"/v1/jobs/{job['id']}/output").text)] == [2]


class Killed(BaseException):
    """Stands for kill -9 in places where a process would leave half a line behind."""


@pytest.mark.parametrize("stage", ["before the transaction", "inside the transaction"])
def test_a_job_that_was_cut_off_anywhere_ends_as_if_it_had_not_been(
    client: TestClient, context: Context, settings: Settings, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    body = lines(200) + b"nonsense\n" + lines(300)[len(lines(200)) :]
    whole, cut = send(client, body), send(client, body)
    assert run_job(context, whole["id"])
    n_calls = count()
    record = running.jobs.record_progress

    def dies(session, job_id, **progress):  # noqa: ANN001, ANN003, ANN202
        if next(n_calls) % 3 == 2:
            if stage == "inside the transaction":
                record(session, job_id, **progress)
            raise Killed
        return record(session, job_id, **progress)

    with monkeypatch.context() as patch:
        patch.setattr(running.jobs, "record_progress", dies)
        for _ in range(2):
            with pytest.raises(Killed):
                run_job(context, cut["id"])
            for path in (files_of(settings.jobs_folder, cut["id"]).output,):
                with path.open("ab") as file:
                    file.write(b'{"line": 9999, "half a li')
    assert run_job(context, cut["id"])
    for name in ("output", "errors"):
        one, other = (rows(client.get(f"/v1/jobs/{job['id']}/{name}").text) for job in (whole, cut))
        for row in one + other:  # which job it was, and what the advert is linked to by now, differ
            row.get("problem", {}).pop("instance", None)
            row.get("problem", {}).pop("request_id", None)
            row.get("answer", {}).pop("linked", None)
        assert one == other
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AssessmentRow)) == 300


def test_a_job_that_another_worker_has_is_left_alone(
    client: TestClient, context: Context, settings: Settings
) -> None:
    job = send(client, lines(2))
    with files_of(settings.jobs_folder, job["id"]).working() as is_ours:
        assert is_ours
        assert not run_job(context, job["id"])
    assert run_job(context, job["id"])
    assert not run_job(context, job["id"])


def test_a_job_takes_from_the_minute_and_leaves_half_of_it_to_live_calls(
    client: TestClient, context: Context
) -> None:
    n_lines = 4 * 100
    object.__setattr__(context, "rates", RateLimits(per_minute=100))
    job = send(client, lines(n_lines))
    assert not run_job(context, job["id"])
    half = client.get(f"/v1/jobs/{job['id']}").json()
    assert (half["state"], half["n_scored"]) == ("running", 3 * running.HANDFUL)
    single = client.post("/v1/score", json={"text": HONEST})
    assert single.headers["ratelimit"].startswith('"adverts";r=51;')
    live = {"adverts": [{"text": HONEST}] * 51}
    assert client.post("/v1/score/batch", json=live).status_code == 207
    check_problem(client.post("/v1/score", json={"text": HONEST}), 429, "rate-limited")
    for _ in range(2):
        object.__setattr__(context, "rates", RateLimits(per_minute=100))
        run_job(context, job["id"])
    output = rows(client.get(f"/v1/jobs/{job['id']}/output").text)
    assert [row["line"] for row in output] == list(range(1, n_lines + 1))


def test_a_large_job_holds_up_no_small_one(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TURN_S", 0.0)
    large, small = send(client, lines(running.HANDFUL * 8)), send(client, lines(1))
    Worker(context)._run_jobs()
    states = [client.get(f"/v1/jobs/{job['id']}").json()["state"] for job in (large, small)]
    assert states[0] in {"queued", "running"}  # a turn of no length may end before it begins
    assert states[1] == "done"


def test_a_partner_with_many_jobs_has_no_more_turns_than_one_with_a_single_job(
    client: TestClient,
    anonymous: TestClient,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    make_partner_key: Callable[..., str],
) -> None:
    monkeypatch.setattr(worker, "TURN_S", 0.0)
    many = [send(client, lines(running.HANDFUL * 8)) for _ in range(3)]
    anonymous.headers["X-API-Key"] = make_partner_key("Other Jobs")
    single = send(anonymous, lines(running.HANDFUL * 8))
    Worker(context)._run_jobs()
    of_many = [client.get(f"/v1/jobs/{job['id']}").json()["n_scored"] for job in many]
    assert of_many == [running.HANDFUL] * 3
    assert anonymous.get(f"/v1/jobs/{single['id']}").json()["n_scored"] == 3 * running.HANDFUL


def test_a_worker_that_stops_leaves_a_job_that_another_ends(client: TestClient, context: Context) -> None:
    job = send(client, lines(running.HANDFUL * 3))
    assert not run_job(context, job["id"], is_stopping=lambda: True)
    half = client.get(f"/v1/jobs/{job['id']}").json()
    assert (half["state"], half["n_scored"]) == ("running", running.HANDFUL)
    assert 0 < half["progress"] < 1
    check_problem(client.get(f"/v1/jobs/{job['id']}/output"), 409, "conflict")
    assert run_job(context, job["id"])
    assert client.get(f"/v1/jobs/{job['id']}").json()["n_scored"] == running.HANDFUL * 3


def test_the_same_job_sent_again_with_its_key_is_one_job(client: TestClient, settings: Settings) -> None:
    first, again = (send(client, lines(3), **{"Idempotency-Key": "j1"}) for _ in range(2))
    assert first == again
    assert len(list(settings.jobs_folder.glob("*"))) == 1
    other = client.post("/v1/jobs", content=lines(4), headers={**NDJSON, "Idempotency-Key": "j1"})
    check_problem(other, 422, "idempotency-key-reused")
    assert len(list(settings.jobs_folder.glob("*"))) == 1


def test_parts_of_a_file_make_the_whole(client: TestClient, context: Context) -> None:
    job = send(client, lines(70))
    run_job(context, job["id"])
    path = f"/v1/jobs/{job['id']}/output"
    whole = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in whole.headers
    size = len(whole.content)
    parts = [client.get(path, headers={"Range": f"bytes={at}-{at + 9_999}"}) for at in range(0, size, 10_000)]
    assert {part.status_code for part in parts} == {206}
    assert parts[0].headers["content-range"] == f"bytes 0-9999/{size}"
    assert b"".join(part.content for part in parts) == whole.content
    assert client.get(path, headers={"Range": "bytes=-7"}).content == whole.content[-7:]
    tagged = {"Range": "bytes=0-9", "If-Range": whole.headers["etag"]}
    assert client.get(path, headers=tagged).status_code == 206


@pytest.mark.parametrize(
    "given", ["bytes=99999999-", "bytes=-0", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "x"]
)
def test_a_part_that_does_not_exist_is_a_416(client: TestClient, context: Context, given: str) -> None:
    job = send(client, lines(2))
    run_job(context, job["id"])
    response = client.get(f"/v1/jobs/{job['id']}/output", headers={"Range": given})
    check_problem(response, 416, "range-not-satisfiable")
    assert response.headers["content-range"].startswith("bytes */")


def test_a_cancelled_job_is_gone_with_its_files(
    client: TestClient, context: Context, settings: Settings
) -> None:
    job = send(client, lines(2))
    assert client.delete(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"
    assert not run_job(context, job["id"])
    assert list(settings.jobs_folder.glob("*")) == []
    check_problem(client.get(f"/v1/jobs/{job['id']}/output"), 409, "conflict")
    check_problem(client.delete(f"/v1/jobs/{job['id']}"), 409, "conflict")


def test_too_many_unfinished_jobs_are_a_429(client: TestClient) -> None:
    for _ in range(10):
        send(client, lines(1))
    response = client.post("/v1/jobs", content=lines(1), headers=NDJSON)
    check_problem(response, 429, "rate-limited")
    assert response.headers["retry-after"] == "60"


def test_jobs_come_in_pages_newest_first(client: TestClient) -> None:
    ids = [send(client, lines(1))["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = client.get("/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)


def test_another_partner_sees_none_of_it(
    client: TestClient, anonymous: TestClient, context: Context, make_partner_key: Callable[..., str]
) -> None:
    job = send(client, lines(1))
    run_job(context, job["id"])
    other = {"X-API-Key": make_partner_key("Other Jobs")}
    for path in ("", "/output", "/errors"):
        check_problem(anonymous.get(f"/v1/jobs/{job['id']}{path}", headers=other), 404, "not-found")
    check_problem(anonymous.delete(f"/v1/jobs/{job['id']}", headers=other), 404, "not-found")
    assert anonymous.get("/v1/jobs", headers=other).json()["items"] == []


def test_the_state_of_a_job_is_sent_only_when_it_changed(client: TestClient, context: Context) -> None:
    job = send(client, lines(1))
    path = f"/v1/jobs/{job['id']}"
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    run_job(context, job["id"])
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_an_advert_that_breaks_the_detector_spoils_no_other(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess = type(context.detector).assess

    def brittle(self, advert, *, at):  # noqa: ANN001, ANN202
        if advert.id == "JB-3":
            raise RuntimeError
        return assess(self, advert, at=at)

    monkeypatch.setattr(type(context.detector), "assess", brittle)
    job = send(client, lines(6))
    assert run_job(context, job["id"])
    errors = rows(client.get(f"/v1/jobs/{job['id']}/errors").text)
    assert [(row["line"], row["status"]) for row in errors] == [(4, 500)]
    with context.database.reading() as session:
        assert session.get_one(JobRow, job["id"]).n_scored == 5
