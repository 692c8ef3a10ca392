"""kill -9 under load: what was answered is stored, a retry hears the same, no webhook is lost or renamed."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select

from service.auth import create_key
from service.settings import Settings
from service.store.audit import find_break
from service.store.database import Database
from service.store.ids import utc_now
from service.store.tables import AdvertRow, AssessmentRow, JobRow, WebhookDeliveryRow
from tests.factories import LURE
from tests.service.receiver import Receiver, receiving
from tests.service.serving import FORKING, Served, start

N_KILLS, N_CLIENTS, N_LINES, N_ANSWERS, N_HOOKS = 2, 4, 300, 20, 4


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def chosen(settings: Settings, tmp_path: Path) -> dict[str, object]:
    return {
        "database_url": settings.database_url,
        "secret": "0123456789abcdef0123456789abcdef-for-tests",
        "jobs_folder": tmp_path / "jobs",
        "webhooks_to_private": True,
        "sample_rate": 0,
        "adverts_per_minute": 0,
    }


@pytest.fixture
def headers(chosen: dict[str, object]) -> dict[str, str]:
    database = Database(str(chosen["database_url"]))
    with database.writing() as session:
        key, _ = create_key(
            session,
            "Example Jobs",
            pepper=str(chosen["secret"]).encode(),
            scopes=("score", "read", "admin"),
            is_test=False,
            at=utc_now(),
            expires_at=None,
        )
    database.dispose()
    return {"Authorization": f"Bearer {key}"}


class Load:
    """Clients that send without pause, every other time with a key, and write down what they were answered."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers
        self._numbers = count()
        self.answered: dict[str, tuple[dict, bytes]] = {}

    def run(self, url: str, stop: threading.Event) -> None:
        with httpx2.Client(base_url=url, headers=self._headers, timeout=30) as client:
            while not stop.is_set():
                number = next(self._numbers)
                body = {"id": f"JB-{number}", "text": f"{LURE} Number {number}."}
                key = {"Idempotency-Key": f"k{number}"} if number % 2 else {}
                try:
                    answer = client.post("/v1/score", json=body, headers=key)
                except httpx2.HTTPError:
                    return
                if answer.status_code == 200:
                    self.answered[f"k{number}"] = (body, answer.content)


def jobs_sent(url: str, headers: dict[str, str], turn: int) -> str:
    text = "".join(json.dumps({"id": f"L{n}", "text": f"{LURE} {turn}-{n}."}) + "\n" for n in range(N_LINES))
    sent = {**headers, "Content-Type": "application/x-ndjson", "Idempotency-Key": f"job-{turn}"}
    return str(httpx2.post(f"{url}/v1/jobs", content=text.encode(), headers=sent, timeout=30).json()["id"])


def hooks_asked_for(url: str, headers: dict[str, str], endpoint_id: str, turn: int) -> dict[str, str]:
    """Ask for messages; gives idempotency key → the id that was promised."""
    promised = {}
    for number in range(N_HOOKS):
        key = f"hook-{turn}-{number}"
        sent = {**headers, "Idempotency-Key": key}
        answer = httpx2.post(f"{url}/v1/webhooks/{endpoint_id}/test", headers=sent, timeout=30)
        promised[key] = answer.json()["message_id"]
    return promised


def under_load(served: Served, load: Load, *, end: Callable[[], object]) -> None:
    """End the service in the middle of it, some answers after it began."""
    enough = len(load.answered) + N_ANSWERS
    stop = threading.Event()
    threads = [threading.Thread(target=load.run, args=(served.url, stop)) for _ in range(N_CLIENTS)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(load.answered) >= enough, seconds=60)
    end()
    stop.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def serve(chosen: dict[str, object]) -> Iterator[Callable[[], Served]]:
    """Start the service as often as it is asked for; none outlives the test."""
    started: list[Served] = []

    def one() -> Served:
        started.append(start(**chosen))
        return started[-1]

    yield one
    for served in started:
        served.kill()


def test_kill_9_under_load_loses_nothing_that_was_answered(
    chosen: dict[str, object],
    headers: dict[str, str],
    receiver: Receiver,
    serve: Callable[[], Served],
) -> None:
    load, job_ids, promised, n_cut_off = Load(headers), [], {}, []
    receiver.takes_s = 2.0
    served, database = serve(), Database(str(chosen["database_url"]))
    wanted = {"url": receiver.url, "events": ["job.finished"]}
    endpoint = httpx2.post(f"{served.url}/v1/webhooks", json=wanted, headers=headers).json()["id"]
    try:
        for turn in range(N_KILLS):
            job_ids.append(jobs_sent(served.url, headers, turn))
            assert jobs_sent(served.url, headers, turn) == job_ids[-1]
            promised |= hooks_asked_for(served.url, headers, endpoint, turn)
            under_load(served, load, end=served.kill)
            n_cut_off.append(n_undelivered(database))
            served = serve()
        assert all(n_cut_off), "no kill came between a message and its delivery"
        receiver.takes_s = 0.0
        assert hooks_asked_for(served.url, headers, endpoint, 0).items() <= promised.items()
        with httpx2.Client(base_url=served.url, headers=headers, timeout=30) as client:
            check_answered(client, load)
            wait_for(lambda: all_done(database), seconds=90)
            for job_id in job_ids:
                output = client.get(f"/v1/jobs/{job_id}/output").text.splitlines()
                assert [json.loads(line)["line"] for line in output] == list(range(1, N_LINES + 1))
        told = {headers["webhook-id"]: body for headers, body in received(receiver)}
        of_jobs = [body["data"]["job_id"] for body in told.values() if body["type"] == "job.finished"]
        assert sorted(of_jobs) == sorted(job_ids)
        assert set(promised.values()) == {
            message_id for message_id, body in told.items() if body["type"] == "webhook.test"
        }
        assert len(told) == N_KILLS * (1 + N_HOOKS)
        with database.reading() as session:
            assert find_break(session) is None
            n_stored = session.scalar(select(func.count()).select_from(AssessmentRow))
            assert n_stored >= len(load.answered) + N_KILLS * N_LINES
    finally:
        database.dispose()
    assert served.stop() in {0, -15}


def test_a_service_that_is_asked_to_stop_answers_what_it_has_taken(
    chosen: dict[str, object], headers: dict[str, str], serve: Callable[[], Served]
) -> None:
    load, served, codes = Load(headers), serve(), []
    job_id = jobs_sent(served.url, headers, 0)
    under_load(served, load, end=lambda: codes.append(served.stop()))
    assert codes[0] in {0, -15}
    database = Database(str(chosen["database_url"]))
    try:
        with database.reading() as session:
            stored = session.scalars(
                select(AdvertRow.advert_id).where(AdvertRow.advert_id.like("JB-%"))
            ).all()
        answered = [body["id"] for body, _ in load.answered.values()]
        assert sorted(stored) == sorted(answered)
        again = serve()
        wait_for(lambda: all_done(database), seconds=90)
        output = httpx2.get(
            f"{again.url}/v1/jobs/{job_id}/output", headers=headers, timeout=30
        ).text.splitlines()
        assert [json.loads(line)["line"] for line in output] == list(range(1, N_LINES + 1))
    finally:
        database.dispose()


def tell_loaded(told: Connection) -> None:
    import service.app  # noqa: F401

    told.send(set(sys.modules))


def test_a_service_starts_without_what_only_training_or_crawling_needs() -> None:
    """Whoever was killed has to be back soon: scikit-learn alone took a third of the start."""
    heard, told = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=tell_loaded, args=(told,))
    process.start()
    loaded = heard.recv()
    process.join()
    assert "service.app" in loaded
    assert not loaded & {"sklearn", "scipy", "pandas", "scrapy"}


def check_answered(client: httpx2.Client, load: Load) -> None:
    assert len(load.answered) >= N_KILLS * N_ANSWERS
    for key, (body, said) in load.answered.items():
        if int(key[1:]) % 2:
            again = client.post("/v1/score", json=body, headers={"Idempotency-Key": key})
            assert (again.status_code, again.content) == (200, said)
        assert client.get(f"/v1/assessments/{json.loads(said)['id']}").status_code == 200


def received(receiver: Receiver) -> Iterator[tuple[dict[str, str], dict]]:
    for headers, body in receiver.got:
        yield headers, json.loads(body)


def n_undelivered(database: Database) -> int:
    with database.reading() as session:
        return len(
            session.scalars(select(WebhookDeliveryRow).where(WebhookDeliveryRow.state == "pending")).all()
        )


def all_done(database: Database) -> bool:
    with database.reading() as session:
        jobs = set(session.scalars(select(JobRow.state)))
        deliveries = set(session.scalars(select(WebhookDeliveryRow.state)))
    return jobs == {"done"} and deliveries <= {"delivered"}


def wait_for(holds: object, *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
