"""Feedback and appeals ask a person; neither confirms anything, and a flood is set aside."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.assessing import Context
from service.review import actions, voices
from service.review.export import export_labels
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.store.audit import find_break
from service.store.tables import FeedbackRow, ReviewRow
from tests.factories import HONEST, LURE
from tests.fakes import Clock

ALL = ("score", "read", "feedback")


@pytest.fixture
def board(client: TestClient, make_partner_key: Callable[..., str]) -> TestClient:
    client.headers["Authorization"] = f"Bearer {make_partner_key(scopes=ALL)}"
    return client


@pytest.fixture
def decide(context: Context, clock: Clock, make_person: Callable[..., Person]) -> Callable[[str], Person]:
    by = make_person()

    def say(verdict: str) -> Person:
        with context.database.writing() as session:
            review = session.scalars(select(ReviewRow)).one()
            actions.decide(
                session, review.id, find_choice(verdict), by=by, at=clock(), seen=review.assessment_id
            )
        return by

    return say


def review(context: Context) -> ReviewRow:
    with context.database.reading() as session:
        return session.scalars(select(ReviewRow)).one()


def test_feedback_on_a_low_advert_queues_it_and_says_what_became_of_it(
    board: TestClient, context: Context, decide: Callable[[str], Person], clock: Clock, tmp_path: Path
) -> None:
    board.post("/v1/score", json={"id": "1", "text": HONEST})
    body = {
        "advert_id": "1",
        "verdict": "confirmed",
        "pattern": "scam_centre",
        "reason_code": "reported",
        "note": "n",
    }
    first = board.post("/v1/feedback", json=body)
    assert (first.status_code, first.json()["effect"]["state"]) == (201, "queued")
    assert review(context).cause == "feedback"
    again = board.post("/v1/feedback", json=body)
    assert (again.status_code, again.json()) == (200, first.json())
    decide("confirmed:scam_centre")
    with context.database.writing() as session:
        batch = export_labels(session, tmp_path, at=clock())
    effect = board.get(f"/v1/feedback/{first.json()['id']}").json()["effect"]
    assert (effect["state"], effect["verdict"], effect["label_batch"]) == (
        "agreed",
        "confirmed",
        batch.path.name,
    )
    with context.database.reading() as session:
        assert find_break(session) is None


def test_feedback_never_moves_a_band_or_confirms_anything_by_itself(board: TestClient) -> None:
    lure = board.post("/v1/score", json={"id": "1", "text": LURE}).json()
    board.post("/v1/feedback", json={"assessment_id": lure["id"], "verdict": "confirmed"})
    other = board.post("/v1/score", json={"id": "2", "text": "Waiter, telegram @example_hr"}).json()
    assert (other["band"], other["linked"]["adverts"], other["linked"]["confirmed"]) == ("low", 1, 0)


def test_a_new_advert_may_come_with_its_feedback(board: TestClient, context: Context) -> None:
    answer = board.post("/v1/feedback", json={"advert": {"id": "9", "text": HONEST}, "verdict": "confirmed"})
    assert (answer.status_code, answer.json()["advert_id"]) == (201, "9")
    assert review(context).advert_id == "9"


def test_feedback_that_agrees_with_the_verdict_reopens_nothing_and_one_that_differs_does(
    board: TestClient, context: Context, decide: Callable[[str], Person]
) -> None:
    board.post("/v1/score", json={"id": "1", "text": LURE})
    decide("legitimate")
    agrees = board.post("/v1/feedback", json={"advert_id": "1", "verdict": "legitimate"}).json()
    assert (agrees["effect"]["state"], review(context).state) == ("agreed", "decided")
    differs = board.post("/v1/feedback", json={"advert_id": "1", "verdict": "confirmed"}).json()
    assert (differs["effect"]["state"], review(context).state) == ("queued", "open")
    decide("legitimate")
    assert board.get(f"/v1/feedback/{differs['id']}").json()["effect"]["state"] == "disagreed"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"verdict": "confirmed"}, "/advert_id"),
        ({"verdict": "confirmed", "advert_id": "1", "assessment_id": "2"}, "/advert_id"),
        ({"verdict": "confirmed", "advert_id": "1", "advert": {"text": "x"}}, "/advert"),
        ({"verdict": "perhaps", "advert_id": "1"}, "/verdict"),
        ({"verdict": "legitimate", "advert_id": "1", "pattern": "scam_centre"}, "/pattern"),
        ({"verdict": "confirmed", "advert_id": "1", "pattern": "legitimate"}, "/pattern"),
        ({"verdict": "legitimate", "advert_id": "1", "reason_code": "reported"}, "/reason_code"),
        ({"verdict": "legitimate", "advert_id": "1", "note": "x" * 4001}, "/note"),
    ],
)
def test_feedback_that_cannot_be_used_is_named(board: TestClient, body: dict, pointer: str) -> None:
    response = board.post("/v1/feedback", json=body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_one_reporter_who_floods_is_set_aside_and_others_are_heard(
    board: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(voices, "FLOOD", 3)
    adverts = [{"id": str(n), "text": f"{HONEST} {n}"} for n in range(6)]
    board.post("/v1/score/batch", json={"adverts": adverts})
    states = [
        board.post(
            "/v1/feedback", json={"advert_id": str(n), "verdict": "confirmed", "reporter": "r1"}
        ).json()["effect"]["state"]
        for n in range(5)
    ]
    assert states == ["queued"] * 3 + ["quarantined"] * 2
    other = board.post(
        "/v1/feedback", json={"advert_id": "5", "verdict": "confirmed", "reporter": "r2"}
    ).json()
    assert other["effect"]["state"] == "queued"
    with context.database.writing() as session:
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 4
        partner_id = session.scalar(select(FeedbackRow.partner_id).limit(1))
        assert voices.release_quarantined(session, partner_id, by="operator", at=clock()) == 2
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 6
    clock.move(hours=2)
    body = {"advert_id": "0", "verdict": "legitimate", "reporter": "r1"}
    assert board.post("/v1/feedback", json=body).json()["effect"]["state"] == "queued"


def test_what_was_not_kept_can_be_told_about_but_not_looked_at(board: TestClient, context: Context) -> None:
    board.post("/v1/score?store=features", json={"id": "1", "text": LURE})
    told = board.post("/v1/feedback", json={"advert_id": "1", "verdict": "legitimate"}).json()
    assert told["effect"]["state"] == "noted"
    appeal = board.post("/v1/appeals", json={"advert_id": "1", "statement": "We exist"})
    assert (appeal.status_code, "not kept" in appeal.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("legitimate", "upheld"),
        ("not_an_advert", "upheld"),
        ("confirmed:fee_fraud", "rejected"),
        ("unsure", None),
    ],
)
def test_an_appeal_reopens_the_review_and_the_next_verdict_answers_it(
    board: TestClient, context: Context, decide: Callable[[str], Person], verdict: str, outcome: str | None
) -> None:
    board.post("/v1/score", json={"id": "1", "text": LURE})
    decide("confirmed:scam_centre")
    before = review(context)
    body = {
        "advert_id": "1",
        "employer": "Harbour Hotel",
        "statement": "Register entry 12345, come and see us",
    }
    appeal = board.post("/v1/appeals", json=body)
    assert (appeal.status_code, appeal.json()["state"]) == (201, "open")
    assert board.post("/v1/appeals", json=body).json() == appeal.json()
    after = review(context)
    assert (after.state, after.cause) == ("open", "appeal")
    assert after.priority > before.priority
    by = decide(verdict)
    path = f"/v1/appeals/{appeal.json()['id']}"
    assert board.get(path).json()["outcome"] == outcome
    with context.database.writing() as session:
        actions.undo(session, by=by, at=context.clock(), minutes=15)
    assert board.get(path).json()["state"] == "open"


def test_one_partner_neither_sees_nor_appeals_for_another(
    board: TestClient, make_partner_key: Callable[..., str]
) -> None:
    scored = board.post("/v1/score", json={"id": "1", "text": LURE}).json()
    told = board.post("/v1/feedback", json={"advert_id": "1", "verdict": "legitimate"}).json()
    appeal = board.post("/v1/appeals", json={"advert_id": "1", "statement": "x"}).json()
    other = TestClient(
        board.app,
        raise_server_exceptions=False,
        headers={"Authorization": f"Bearer {make_partner_key('Other Jobs', scopes=ALL)}"},
    )
    assert [
        other.get(f"/v1/feedback/{told['id']}").status_code,
        other.get(f"/v1/appeals/{appeal['id']}").status_code,
        other.post("/v1/feedback", json={"advert_id": "1", "verdict": "legitimate"}).status_code,
        other.post("/v1/feedback", json={"assessment_id": scored["id"], "verdict": "legitimate"}).status_code,
        other.post("/v1/appeals", json={"assessment_id": scored["id"], "statement": "x"}).status_code,
    ] == [404] * 5


def test_every_reason_code_listed_is_taken(board: TestClient) -> None:
    board.post("/v1/score", json={"id": "1", "text": HONEST})
    for reason in board.get("/v1/reason-codes").json():
        body = {"advert_id": "1", "verdict": reason["verdict"], "reason_code": reason["code"]}
        assert board.post("/v1/feedback", json=body).status_code == 201


def test_the_reviewer_reads_what_the_employer_and_the_board_say(
    board: TestClient, context: Context, browse: Callable[..., TestClient]
) -> None:
    board.post("/v1/score", json={"id": "1", "text": LURE})
    said = {"advert_id": "1", "verdict": "legitimate", "note": "Called <them>, telegram @example_boss"}
    board.post("/v1/feedback", json=said)
    board.post(
        "/v1/appeals", json={"advert_id": "1", "employer": "Harbour Hotel", "statement": "Register 12345"}
    )
    path = f"/console/reviews/{review(context).id}"
    page = browse("lena").get(path).text
    assert "Appeal of Harbour Hotel:" in page
    assert "Register 12345" in page
    assert "Moderator says legitimate:" in page
    assert "Called &lt;them&gt;, telegram @example_boss" in page
    outside = browse("omar", "outside_reviewer").get(path).text
    assert "Register 12345" in outside
    assert "@example_boss" not in outside
    assert "asks for a second look" in browse("nils").get("/console").text
