"""An advert that was first sent without keeping its words: what happens when they may be kept, and the reverse."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from model.schema.decision import Verdict
from service.assessing import Context
from service.retention import erase_due
from service.review import actions
from service.review.permissions import Person
from service.review.verdicts import CHOICES
from service.store.adverts import NOT_KEPT, load_advert
from service.store.audit import find_break
from service.store.tables import AdvertRow, AssessmentRow, DecisionRow, ReviewRow
from tests.factories import HONEST, LURE
from tests.fakes import Clock

ADVERT = {"id": "JB-1", "text": LURE, "url": "https://example.com/a"}


@pytest.fixture
def board(client: TestClient, make_partner_key: Callable[..., str]) -> TestClient:
    client.headers["Authorization"] = f"Bearer {make_partner_key(scopes=('score', 'read', 'feedback'))}"
    return client


def send(board: TestClient, store: str, advert: dict[str, str] = ADVERT) -> dict:
    answer = board.post("/v1/score", params={"store": store}, json=advert)
    assert answer.status_code == 200, answer.text
    return answer.json()


def n_rows(context: Context) -> list[int]:
    with context.database.reading() as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (AdvertRow, AssessmentRow, ReviewRow)
        ]


def test_words_that_may_be_kept_later_are_kept_from_then_on_and_a_review_opens(
    board: TestClient, context: Context, clock: Clock
) -> None:
    before = send(board, "features")
    assert n_rows(context) == [1, 1, 0]
    clock.move(days=30)
    after = send(board, "full")
    assert n_rows(context) == [1, 1, 1]
    assert (after["id"], after["kept"]["store"]) == (before["id"], "full")
    full_time = timedelta(days=context.settings.retention_days)
    assert after["kept"]["until"] == (clock() + full_time).isoformat().replace("+00:00", "Z")
    again = board.get(f"/v1/assessments/{after['id']}").json()
    assert (again["reasons"], again["facts"], again["kept"]) == (
        after["reasons"],
        after["facts"],
        after["kept"],
    )
    assert any(reason["spans"] for reason in again["reasons"])
    with context.database.reading() as session:
        row, review = session.scalars(select(AdvertRow)).one(), session.scalars(select(ReviewRow)).one()
        advert = load_advert(session, row.key)
        assert (advert.description, advert.url) == (LURE, ADVERT["url"])
        assert (row.heading, row.url, row.kept) == (LURE, ADVERT["url"], "full")
        assert (row.received_at, row.expires_at) == (clock(), clock() + full_time)
        assert (review.advert_key, review.assessment_id, review.cause) == (row.key, after["id"], "band")
        assert find_break(session) is None


def test_completed_words_are_erased_as_late_as_any_others(
    board: TestClient, context: Context, clock: Clock
) -> None:
    send(board, "features")
    clock.move(days=30)
    send(board, "full")
    clock.move(days=context.settings.retention_days - 1)
    assert erase_due(context) == 0
    clock.move(days=1)
    assert erase_due(context) == 1


def test_whichever_of_two_that_come_together_asks_for_more_decides(
    board: TestClient, context: Context
) -> None:
    batch = {"adverts": [ADVERT, {**ADVERT, "id": "JB-2", "text": HONEST}]}
    for store in ("features", "full"):
        items = board.post("/v1/score/batch", params={"store": store}, json=batch).json()["items"]
        assert [item["answer"]["kept"]["store"] for item in items] == [store, store]
    assert n_rows(context) == [2, 2, 1]
    with context.database.reading() as session:
        assert NOT_KEPT not in str(session.scalars(select(AdvertRow.record)).all())


def test_what_was_kept_in_full_and_reviewed_stays_when_it_comes_again_as_features(
    board: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    first, by = send(board, "full"), make_person()
    with context.database.writing() as session:
        review = session.scalars(select(ReviewRow)).one()
        actions.decide(session, review.id, CHOICES[0], by=by, at=clock(), seen=review.assessment_id)
    clock.move(days=30)
    again = send(board, "features")
    assert (again["id"], again["kept"]) == (first["id"], first["kept"])
    assert board.get(f"/v1/assessments/{first['id']}").json()["reasons"] == first["reasons"]
    with context.database.reading() as session:
        row, decision = session.scalars(select(AdvertRow)).one(), session.scalars(select(DecisionRow)).one()
        assert load_advert(session, row.key).description == LURE
        assert (decision.verdict, decision.advert_key) == (Verdict.CONFIRMED.value, row.key)
        assert session.scalars(select(ReviewRow.state)).one() == "decided"


def test_feedback_that_nobody_could_look_into_is_heard_when_the_words_come(
    board: TestClient, context: Context
) -> None:
    advert = {"id": "JB-3", "text": HONEST}
    said = send(board, "features", advert)
    feedback = board.post("/v1/feedback", json={"assessment_id": said["id"], "verdict": "confirmed"}).json()
    assert feedback["effect"]["state"] == "noted"
    send(board, "full", advert)
    assert board.get(f"/v1/feedback/{feedback['id']}").json()["effect"]["state"] == "queued"
    with context.database.reading() as session:
        assert session.scalars(select(ReviewRow.cause)).one() == "feedback"


def test_an_appeal_that_needs_the_words_is_taken_once_they_were_sent(board: TestClient) -> None:
    said = send(board, "features")
    appeal = {"assessment_id": said["id"], "statement": "Licence 000 of the register"}
    refused = board.post("/v1/appeals", json=appeal)
    assert refused.status_code == 409
    assert "store=full" in refused.json()["detail"]
    send(board, "full")
    assert board.post("/v1/appeals", json=appeal).status_code == 201
