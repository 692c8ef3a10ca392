import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.assessing import Context
from service.store.answers import HELD_FOR, KEPT_FOR, Ask, take
from service.store.tables import AssessmentRow, AuditEventRow, KeptAnswerRow
from tests.factories import HONEST, LURE
from tests.fakes import Clock
from tests.service.test_api import check_problem

KEY = {"Idempotency-Key": "0d7d6c58-1"}


def test_the_same_request_again_gets_the_same_answer_and_does_nothing_more(
    client: TestClient, context: Context, clock: Clock
) -> None:
    body = {"id": "JB-1", "text": LURE, "colour": "red"}
    first = client.post("/v1/score", json=body, headers=KEY)
    with context.database.reading() as session:
        n_events = session.scalar(select(func.count()).select_from(AuditEventRow))
    clock.move(hours=1)
    again = client.post("/v1/score", json=body, headers=KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEventRow)) == n_events


def test_a_refusal_is_kept_as_well(client: TestClient) -> None:
    first = client.post("/v1/score", json={"title": 5}, headers=KEY)
    again = client.post("/v1/score", json={"title": 5}, headers=KEY)
    assert check_problem(first, 422, "validation")
    assert again.content == first.content
    assert again.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/score", {"text": HONEST}), ("/v1/score/batch", {"adverts": [{"text": LURE}]})],
)
def test_the_same_key_for_another_request_is_a_422(client: TestClient, path: str, body: dict) -> None:
    client.post("/v1/score", json={"text": LURE}, headers=KEY)
    check_problem(client.post(path, json=body, headers=KEY), 422, "idempotency-key-reused")


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_a_400(client: TestClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    check_problem(client.post("/v1/score", json={"text": LURE}, headers=headers), 400, "bad-request")


def test_keys_of_two_partners_do_not_meet(
    client: TestClient, anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    mine = client.post("/v1/score", json={"text": LURE}, headers=KEY).json()["id"]
    other = {"X-API-Key": make_partner_key("Other Jobs"), **KEY}
    answer = anonymous.post("/v1/score", json={"text": LURE}, headers=other)
    assert "idempotent-replayed" not in answer.headers
    assert answer.json()["id"] != mine


def test_a_weaker_key_of_the_same_partner_is_not_told_a_kept_answer(
    client: TestClient, anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    client.post("/v1/score", json={"text": LURE}, headers=KEY)
    weaker = {"X-API-Key": make_partner_key(scopes=("read",)), **KEY}
    check_problem(
        anonymous.post("/v1/score", json={"text": LURE}, headers=weaker), 422, "idempotency-key-reused"
    )


def test_while_the_first_is_answered_the_second_is_told_to_wait(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, begun, go_on = context.detector, threading.Event(), threading.Event()
    assess = type(detector).assess

    def slow(*args: object, **kwargs: object) -> object:
        begun.set()
        go_on.wait(10)
        return assess(*args, **kwargs)

    monkeypatch.setattr(type(detector), "assess", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/score", json={"text": LURE}, headers=KEY)
        assert begun.wait(10)
        second = client.post("/v1/score", json={"text": LURE}, headers=KEY)
        go_on.set()
        assert check_problem(second, 409, "in-flight")
        assert second.headers["retry-after"] == "1"
        assert first.result().status_code == 200
    third = client.post("/v1/score", json={"text": LURE}, headers=KEY)
    assert third.json() == first.result().json()


def test_of_many_at_once_one_does_the_work_and_all_who_are_answered_hear_the_same(
    client: TestClient, context: Context
) -> None:
    def send(_n: int) -> tuple[int, bytes]:
        response = client.post("/v1/score", json={"id": "JB-2", "text": LURE}, headers=KEY)
        return response.status_code, response.content

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    assert {status for status, _ in answers} <= {200, 409}
    assert len({body for status, body in answers if status == 200}) == 1
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AssessmentRow)) == 1


def test_a_key_whose_holder_died_is_free_again_after_a_while(
    client: TestClient, context: Context, clock: Clock
) -> None:
    headers = {"Idempotency-Key": "k"}
    client.post("/v1/score", json={"text": LURE}, headers=headers)
    with context.database.writing() as session:
        row = session.scalars(select(KeptAnswerRow)).one()
        row.status = row.sealed_body = None
    clock.move(seconds=HELD_FOR.total_seconds() - 1)
    waiting = client.post("/v1/score", json={"text": LURE}, headers=headers)
    check_problem(waiting, 409, "in-flight")
    clock.move(seconds=2)
    assert client.post("/v1/score", json={"text": LURE}, headers=headers).status_code == 200


def test_what_failed_on_our_side_is_not_kept(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(type(context.detector), "assess", crash)
        assert client.post("/v1/score", json={"text": LURE}, headers=KEY).status_code == 500
    assert client.post("/v1/score", json={"text": LURE}, headers=KEY).status_code == 200


def test_a_day_later_the_key_means_a_new_request(client: TestClient, clock: Clock) -> None:
    client.post("/v1/score", json={"text": LURE}, headers=KEY)
    clock.move(seconds=KEPT_FOR.total_seconds())
    answer = client.post("/v1/score", json={"text": HONEST}, headers=KEY)
    assert answer.status_code == 200
    assert "idempotent-replayed" not in answer.headers


def test_kept_answers_are_sealed(client: TestClient, context: Context) -> None:
    client.post("/v1/score", json={"id": "JB-77", "text": LURE}, headers=KEY)
    with context.database.reading() as session:
        row = session.scalars(select(KeptAnswerRow)).one()
    assert row.sealed_body
    assert "JB-77" not in row.sealed_body
    assert "Poipet" not in row.sealed_body


def test_taking_a_key_side_by_side_gives_it_to_one(client: TestClient, context: Context) -> None:
    client.get("/livez")
    with context.database.reading() as session:
        partner_id = session.execute(select(AuditEventRow.detail)).scalars().first()["partner"]
    won, barrier = [], threading.Barrier(6)

    def race(_n: int) -> None:
        barrier.wait()
        try:
            with context.database.writing() as session:
                if take(session, Ask(partner_id, "race", "f"), at=context.clock()) is None:
                    won.append(time.monotonic())
        except Exception as error:
            if "still being answered" not in str(error):
                raise

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(race, range(6)))
    assert len(won) == 1
