"""A partner sets its own thresholds and mode, sees what others would have done, and vouches for employers."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.assessing import Context
from service.review import actions
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.store import allowed
from service.store.tables import AuditEventRow, ReviewRow
from tests.factories import HONEST, LURE, UNCERTAIN
from tests.fakes import Clock

ALL = ("score", "read", "feedback", "admin")


@pytest.fixture
def admin(client: TestClient, make_partner_key: Callable[..., str]) -> TestClient:
    client.headers["Authorization"] = f"Bearer {make_partner_key(scopes=ALL)}"
    return client


def as_partner(client: TestClient, key: str) -> TestClient:
    headers = {"Authorization": f"Bearer {key}"}
    return TestClient(client.app, raise_server_exceptions=False, headers=headers)


def test_thresholds_are_the_releases_until_the_partner_sets_its_own_and_hold_at_once(
    admin: TestClient,
) -> None:
    first = admin.get("/v1/thresholds").json()
    assert (first["review"], first["high"], first["own"], first["mode"]) == (0.5, 0.9, False, "advise")
    set_to = admin.put("/v1/thresholds", json={"review": 0.97, "high": 0.995}).json()
    assert (set_to["review"], set_to["own"], set_to["release"]) == (0.97, True, {"review": 0.5, "high": 0.9})
    assert admin.post("/v1/score", json={"text": LURE}).json()["band"] == "review"
    back = admin.put("/v1/thresholds", json={"review": None, "high": None}).json()
    assert (back["review"], back["own"]) == (0.5, False)


def test_the_mode_belongs_to_the_key_and_decides_the_action(
    admin: TestClient, make_partner_key: Callable[..., str]
) -> None:
    other = as_partner(admin, make_partner_key(scopes=ALL))
    assert admin.put("/v1/thresholds", json={"mode": "enforce"}).json()["mode"] == "enforce"
    does = [one.post("/v1/score", json={"text": LURE}).json()["action"]["do"] for one in (admin, other)]
    assert does == ["hold", "warn"]
    admin.put("/v1/thresholds", json={"mode": "observe"})
    action = admin.post("/v1/score", json={"text": LURE}).json()["action"]
    assert (action["do"], action["would"]) == ("publish", "hold")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"review": 0.9}, "/high"),
        ({"high": 0.9}, "/review"),
        ({"review": 0.9, "high": None}, "/high"),
        ({"review": 0.9, "high": 0.5}, "/high"),
        ({"review": 2, "high": 3}, "/review"),
        ({"mode": "punish"}, "/mode"),
        ({"colour": 1}, "/colour"),
    ],
)
def test_thresholds_that_are_none_are_named(admin: TestClient, body: dict, pointer: str) -> None:
    response = admin.put("/v1/thresholds", json=body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_only_a_key_with_the_scope_may_change_anything(client: TestClient, context: Context) -> None:
    answers = [
        client.put("/v1/thresholds", json={"mode": "observe"}),
        client.put("/v1/allowed-employers?employer=Example", json={"days": 3}),
        client.delete("/v1/allowed-employers?employer=Example"),
        client.post("/v1/feedback", json={"advert_id": "1", "verdict": "unsure"}),
        client.post("/v1/appeals", json={"advert_id": "1", "statement": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    with context.database.reading() as session:
        assert (
            session.scalar(
                select(func.count()).select_from(AuditEventRow).where(AuditEventRow.act == "thresholds_set")
            )
            == 0
        )


def test_what_if_sorts_past_adverts_anew_beside_what_people_said_since(
    admin: TestClient,
    context: Context,
    clock: Clock,
    make_person: Callable[..., Person],
    make_partner_key: Callable[..., str],
) -> None:
    by = make_person()
    as_partner(admin, make_partner_key("Other Jobs")).post("/v1/score", json={"id": "x", "text": LURE})
    for name, text, verdict in (
        ("1", LURE, "legitimate"),
        ("2", LURE + " 2", "confirmed:scam_centre"),
        ("3", UNCERTAIN, None),
        ("4", HONEST, None),
        ("5", "Hi", None),
    ):
        answer = admin.post("/v1/score", json={"id": name, "text": text}).json()
        if verdict:
            with context.database.writing() as session:
                review = session.scalars(
                    select(ReviewRow).where(ReviewRow.assessment_id == answer["id"])
                ).one()
                actions.decide(session, review.id, find_choice(verdict), by=by, at=clock(), seen=answer["id"])
    admin.post("/v1/feedback", json={"advert_id": "3", "verdict": "legitimate"})
    told = admin.get("/v1/what-if?days=10").json()
    assert told["now"] == told["then"]
    assert told["now"]["held"] == {"n": 2, "per_day": 0.2, "confirmed": 1, "legitimate": 1}
    assert told["now"]["review"] == {"n": 1, "per_day": 0.1, "confirmed": 0, "legitimate": 1}
    assert told["now"]["passed"] == {"n": 1, "per_day": 0.1, "confirmed": 0, "legitimate": 0}
    strict = admin.get("/v1/what-if?days=10&review=0.01&high=0.5").json()
    assert strict["then"]["held"]["n"] == 3
    assert strict["now"] == told["now"]
    assert strict["in_words"] == (
        "At 0.50 you would have held 0.3 adverts a day over 10 days (3 in all); "
        "2 of them were later judged legitimate and 1 confirmed."
    )
    clock.move(days=11)
    assert admin.get("/v1/what-if?days=10").json()["now"]["held"]["n"] == 0
    assert admin.get("/v1/what-if?review=0.9&high=0.5").json()["errors"][0]["pointer"] == "/high"


@pytest.mark.parametrize(
    ("entry", "employer", "found"),
    [
        ("Harbour  Hotel", {"name": "harbour hotel"}, True),
        ("www.Example.com", {"name": "Anything", "url": "https://example.com/jobs?x=1"}, True),
        ("https://example.com/about", {"url": "example.com"}, True),
        ("example.com", {"url": "https://example.com.evil.example"}, False),
        ("Harbour Hotel", {"name": "Harbour Hotel Group"}, False),
        ("Harbour Hotel", None, False),
    ],
)
def test_an_employer_is_known_by_name_or_site(entry: str, employer: dict | None, found: bool) -> None:  # noqa: FBT001
    from model.schema.advert import Employer

    listed = allowed.Allowed(frozenset({allowed.plain(entry)}))
    assert listed.names(Employer(**employer) if employer else None) is found


def test_a_vouched_employer_is_not_held_back_or_queued_until_the_day_ends(
    admin: TestClient, context: Context, clock: Clock
) -> None:
    admin.put("/v1/thresholds", json={"mode": "enforce"})
    entry = admin.put(
        "/v1/allowed-employers?employer=Harbour Hotel", json={"days": 30, "note": "visited"}
    ).json()
    assert entry["expires_at"] == "2026-12-21T12:00:00Z"
    body = {"id": "1", "text": LURE, "employer": {"name": "HARBOUR HOTEL"}}
    answer = admin.post("/v1/score", json=body).json()
    assert (answer["band"], answer["action"]["do"], answer["action"]["because"]) == (
        "high",
        "publish",
        "allow_list",
    )
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 0
    clock.move(days=31)
    later = admin.post("/v1/score", json={**body, "id": "2"}).json()
    assert (later["action"]["do"], later["action"]["because"]) == ("hold", "band")
    assert [one["employer"] for one in admin.get("/v1/allowed-employers").json()] == ["harbour hotel"]
    assert admin.delete("/v1/allowed-employers?employer=harbour hotel").status_code == 204
    assert admin.delete("/v1/allowed-employers?employer=harbour hotel").status_code == 404


def test_the_list_never_silences_a_link_to_confirmed_adverts(
    admin: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    admin.put("/v1/thresholds", json={"mode": "enforce"})
    admin.put("/v1/allowed-employers?employer=Harbour Hotel", json={"days": 30})
    lure, by = admin.post("/v1/score", json={"id": "lure", "text": LURE}).json(), make_person()
    with context.database.writing() as session:
        review = session.scalars(select(ReviewRow)).one()
        choice = find_choice("confirmed:scam_centre")
        actions.decide(session, review.id, choice, by=by, at=clock(), seen=lure["id"])
    body = {"id": "1", "text": "Waiter, telegram @example_hr", "employer": {"name": "Harbour Hotel"}}
    answer = admin.post("/v1/score", json=body).json()
    assert (answer["band"], answer["action"]["do"], answer["action"]["because"]) == (
        "review",
        "review",
        "band",
    )
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 2


def test_one_partners_list_is_not_anothers(admin: TestClient, make_partner_key: Callable[..., str]) -> None:
    admin.put("/v1/allowed-employers?employer=Harbour Hotel", json={"days": 30})
    other = as_partner(admin, make_partner_key("Other Jobs", scopes=ALL))
    assert other.get("/v1/allowed-employers").json() == []
    body = {"text": LURE, "employer": "Harbour Hotel"}
    assert other.post("/v1/score", json=body).json()["action"]["because"] == "band"
