"""Holding, handing to a lead and giving away: who has an advert, for how long, and what comes next."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from service.assessing import Context
from service.errors import ConflictError, ForbiddenError
from service.review import routing
from service.review.permissions import Person
from service.review.queue import Filters, list_items, next_item
from service.store import reviews
from service.store.audit import find_break, list_events
from tests.factories import LURE, UNCERTAIN
from tests.fakes import Clock
from tests.service.test_review import CONFIRM, add, decide, state

MakePerson = Callable[..., Person]
Browse = Callable[..., TestClient]


def hold(context: Context, review_id: str, by: Person, days: int = 3) -> None:
    with context.database.writing() as session:
        routing.hold(session, review_id, by=by, at=context.clock(), days=days)


def escalate(context: Context, review_id: str, by: Person, reason: str = "legal") -> None:
    with context.database.writing() as session:
        routing.escalate(session, review_id, by=by, at=context.clock(), reason=reason)


def reassign(context: Context, review_id: str, to: Person, by: Person) -> None:
    with context.database.writing() as session:
        routing.reassign(session, review_id, to=to, by=by, at=context.clock())


def next_id(context: Context, by: Person) -> str | None:
    with context.database.reading() as session:
        review = next_item(session, Filters(), by=by, at=context.clock())
        return review.id if review else None


def shown(context: Context, by: Person, which: str) -> list[str]:
    with context.database.reading() as session:
        items, _ = list_items(session, Filters(state=which), by=by, at=context.clock())
        return [item.review.id for item in items]


def test_a_held_advert_waits_until_its_day_has_come(
    context: Context, make_person: MakePerson, clock: Clock
) -> None:
    first, second = add(context, LURE, UNCERTAIN)
    asha, bela = make_person("asha"), make_person("bela")
    hold(context, first, asha)
    assert next_id(context, asha) == next_id(context, bela) == second
    assert shown(context, bela, "held") == [first]
    with pytest.raises(ConflictError, match="another reviewer"):
        decide(context, first, CONFIRM, bela)
    clock.move(days=3)
    assert next_id(context, bela) == first
    decide(context, first, CONFIRM, bela)
    assert state(context, first) == "decided"


def test_who_holds_an_advert_may_decide_it_any_time(context: Context, make_person: MakePerson) -> None:
    first = add(context, LURE)[0]
    asha = make_person("asha")
    hold(context, first, asha)
    assert shown(context, asha, "mine") == [first]
    decide(context, first, CONFIRM, asha)
    assert shown(context, asha, "mine") == []


@pytest.mark.parametrize("days", [0, 2, -1, 10_000])
def test_holding_for_ever_is_refused(context: Context, make_person: MakePerson, days: int) -> None:
    first = add(context, LURE)[0]
    with pytest.raises(ConflictError, match="can be held for"):
        hold(context, first, make_person("asha"), days=days)
    assert state(context, first) == "open"


def test_what_is_escalated_comes_next_to_a_lead_and_to_nobody_else(
    context: Context, make_person: MakePerson
) -> None:
    first, second = add(context, LURE, UNCERTAIN)
    asha, lena = make_person("asha"), make_person("lena", role="lead")
    escalate(context, first, asha)
    assert next_id(context, asha) == second
    assert next_id(context, lena) == first
    with pytest.raises(ConflictError, match="waits for a lead"):
        decide(context, first, CONFIRM, asha)
    decide(context, first, CONFIRM, lena)


def test_a_reason_is_one_of_the_list(context: Context, make_person: MakePerson) -> None:
    first = add(context, LURE)[0]
    with pytest.raises(ConflictError, match="no such reason"):
        escalate(context, first, make_person("asha"), reason="the poster is Jane Doe")


def test_only_a_lead_gives_adverts_to_others_and_only_to_people_who_decide(
    context: Context, make_person: MakePerson
) -> None:
    first = add(context, LURE)[0]
    asha, bela = make_person("asha"), make_person("bela")
    lena, dana = make_person("lena", role="lead"), make_person("dana", role="data_scientist")
    with pytest.raises(ForbiddenError):
        reassign(context, first, to=bela, by=asha)
    with pytest.raises(ConflictError, match="decides nothing"):
        reassign(context, first, to=dana, by=lena)
    reassign(context, first, to=bela, by=lena)
    assert shown(context, bela, "mine") == [first]
    assert next_id(context, asha) is None


def test_every_step_is_in_the_history_by_name_of_who_did_it(
    context: Context, make_person: MakePerson
) -> None:
    first = add(context, LURE)[0]
    asha, lena = make_person("asha"), make_person("lena", role="lead")
    hold(context, first, asha)
    escalate(context, first, asha, reason="child")
    reassign(context, first, to=asha, by=lena)
    with context.database.reading() as session:
        events = [(e.act, e.actor, e.detail) for e in reversed(list_events(session, first))]
        assert events[1:] == [
            ("review_held", asha.id, {"days": 3}),
            ("review_escalated", asha.id, {"reason": "child"}),
            ("review_reassigned", lena.id, {"to": asha.id}),
        ]
        assert find_break(session) is None
        assert reviews.get_review(session, first).claimed_by == asha.id


def test_where_somebody_may_be_harmed_the_page_says_what_comes_first(
    context: Context, browse: Browse
) -> None:
    first = add(context, LURE)[0]
    browser = browse("lena", role="lead")
    browser.submit(f"/console/reviews/{first}/escalate", reason="possible_captive")
    page = browser.get(f"/console/reviews/{first}").text
    assert "The embassy comes first" in page
    assert "Do not write to the poster" in page
