from collections.abc import Callable

import pytest
from sqlalchemy import select

from model.schema.decision import PATTERNS, Verdict
from service.assessing import Context, assess_and_store
from service.errors import ConflictError, ForbiddenError, NotFoundError
from service.review import actions, permissions, queue
from service.review.permissions import ROLE_PERMISSIONS, Permission, Person, Role
from service.review.states import TRANSITIONS, ReviewState, check_transition
from service.review.verdicts import CHOICES, REASON_CODES, Choice, find_choice
from service.store import reviews
from service.store.audit import find_break, list_events
from service.store.tables import CRAWLER, AuditEventRow, DecisionRow, ReviewRow
from tests.factories import LURE, UNCERTAIN, make_advert
from tests.fakes import Clock

CONFIRM = find_choice("confirmed:scam_centre")
LEGITIMATE = find_choice("legitimate")
MakePerson = Callable[..., Person]


def add(context: Context, *texts: str, start: int = 0) -> list[str]:
    """Store adverts and give the ids of their reviews, first things first."""
    adverts = [make_advert(id=f"ad-{start + n}", text=text) for n, text in enumerate(texts)]
    assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())
    with context.database.reading() as session:
        query = select(ReviewRow.id).order_by(ReviewRow.priority.desc(), ReviewRow.id.desc())
        return list(session.scalars(query))


def decide(context: Context, review_id: str, choice: Choice, by: Person, **more: str) -> DecisionRow:
    with context.database.writing() as session:
        seen = more.pop("seen", None) or reviews.get_review(session, review_id).assessment_id
        return actions.decide(session, review_id, choice, by=by, at=context.clock(), seen=seen, **more)


def undo(context: Context, by: Person) -> ReviewRow:
    with context.database.writing() as session:
        return actions.undo(session, by=by, at=context.clock(), minutes=15)


def claim(context: Context, review_id: str, by: Person) -> ReviewRow:
    with context.database.writing() as session:
        return actions.claim(session, review_id, by=by, at=context.clock(), minutes=15)


def state(context: Context, review_id: str) -> str:
    with context.database.reading() as session:
        return reviews.get_review(session, review_id).state


@pytest.mark.parametrize("current", ReviewState)
@pytest.mark.parametrize("following", ReviewState)
def test_only_listed_transitions_are_possible(current: ReviewState, following: ReviewState) -> None:
    if following in TRANSITIONS[current]:
        check_transition(current, following)
    else:
        with pytest.raises(ConflictError, match=f"that is {current.value} cannot become {following.value}"):
            check_transition(current, following)


def test_every_member_has_its_row_in_the_tables_of_cases() -> None:
    assert set(TRANSITIONS) == set(ReviewState)
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set(REASON_CODES) == set(Verdict) == {choice.verdict for choice in CHOICES}
    assert [choice.pattern for choice in CHOICES if choice.pattern] == list(PATTERNS)
    assert len({choice.keys for choice in CHOICES}) == len(CHOICES)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "act", [claim, lambda c, r, p: decide(c, r, CONFIRM, p), lambda c, _r, p: undo(c, p)]
)
def test_who_may_not_decide_is_refused_by_every_act(
    context: Context, make_person: MakePerson, role: Role, act: Callable
) -> None:
    review_id = add(context, LURE)[0]
    person = make_person(role=role)
    if permissions.can(person, Permission.DECIDE):
        return
    with pytest.raises(ForbiddenError, match=f"the role {role.value} may not decide"):
        act(context, review_id, person)
    assert state(context, review_id) == "open"


def test_a_decision_keeps_the_assessment_it_answered(context: Context, make_person: MakePerson) -> None:
    review_id, by = add(context, LURE)[0], make_person()
    row = decide(context, review_id, CONFIRM, by, reason_code="combination_of_signs", note=" seen before ")
    record = reviews.as_decision(row, advert_id="ad-0", pseudonym=by.pseudonym)
    assert (record.verdict, record.pattern, record.note) == ("confirmed", "scam_centre", "seen before")
    assert record.score == pytest.approx(0.989, abs=0.001)
    assert (record.model_version, record.decided_by) == ("fake-1", by.pseudonym)
    assert state(context, review_id) == "decided"


def test_every_act_leaves_one_event_that_names_who_and_what(
    context: Context, make_person: MakePerson
) -> None:
    review_id, by = add(context, LURE)[0], make_person()
    claim(context, review_id, by)
    with context.database.writing() as session:
        actions.release(session, review_id, by=by, at=context.clock())
    decision = decide(context, review_id, CONFIRM, by)
    undo(context, by)
    with context.database.reading() as session:
        events = list_events(session, review_id)[::-1]
        assert [event.act for event in events] == [
            "review_opened",
            "review_claimed",
            "review_released",
            "review_decided",
            "decision_undone",
        ]
        assert {event.actor for event in events[1:]} == {by.id}
        assert events[-1].detail == {"decision": decision.id}
        assert find_break(session) is None


def test_an_act_whose_event_cannot_be_written_has_not_happened(
    context: Context, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    review_id, by = add(context, LURE)[0], make_person()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(actions, "append_event", fail)
    with pytest.raises(RuntimeError):
        decide(context, review_id, CONFIRM, by)
    assert state(context, review_id) == "open"
    with context.database.reading() as session:
        assert session.scalars(select(DecisionRow)).all() == []


def test_a_claim_keeps_others_out_until_it_runs_out(
    context: Context, make_person: MakePerson, clock: Clock
) -> None:
    review_id = add(context, LURE)[0]
    asha, bela = make_person("asha"), make_person("bela")
    claim(context, review_id, asha)
    for act in (claim, lambda c, r, p: decide(c, r, CONFIRM, p)):
        with pytest.raises(ConflictError, match="another reviewer has claimed this advert until 12:15 UTC"):
            act(context, review_id, bela)
    clock.move(minutes=15)
    claim(context, review_id, bela)
    with pytest.raises(ConflictError, match="another reviewer"):
        decide(context, review_id, CONFIRM, asha)


def test_what_is_decided_is_not_decided_again(context: Context, make_person: MakePerson) -> None:
    review_id = add(context, LURE)[0]
    decide(context, review_id, CONFIRM, make_person("asha"))
    with pytest.raises(ConflictError, match="decided already"):
        decide(context, review_id, LEGITIMATE, make_person("bela"))


def test_a_verdict_on_words_that_have_changed_is_refused(context: Context, make_person: MakePerson) -> None:
    review_id, by = add(context, UNCERTAIN)[0], make_person()
    with context.database.reading() as session:
        seen = reviews.get_review(session, review_id).assessment_id
    add(context, LURE)
    with pytest.raises(ConflictError, match="has changed since you opened it"):
        decide(context, review_id, LEGITIMATE, by, seen=seen)


def test_undo_goes_ten_deep_and_newest_first(context: Context, make_person: MakePerson, clock: Clock) -> None:
    ids, by = add(context, *(f"{LURE} {n}" for n in range(12))), make_person()
    for review_id in ids:
        clock.move(seconds=1)
        decide(context, review_id, CONFIRM, by)
    undone = [undo(context, by).id for _ in range(10)]
    assert undone == ids[:1:-1]
    with pytest.raises(ConflictError, match="nothing left to undo"):
        undo(context, by)
    assert [state(context, review_id) for review_id in ids] == ["decided"] * 2 + ["claimed"] * 10


def test_nobody_undoes_what_another_decided(context: Context, make_person: MakePerson) -> None:
    review_id = add(context, LURE)[0]
    decide(context, review_id, CONFIRM, make_person("asha"))
    with pytest.raises(ConflictError, match="nothing left to undo"):
        undo(context, make_person("bela"))
    assert state(context, review_id) == "decided"


def test_other_words_reopen_a_decided_review_but_a_new_release_does_not(
    context: Context, make_person: MakePerson
) -> None:
    review_id, by = add(context, UNCERTAIN)[0], make_person()
    first = decide(context, review_id, LEGITIMATE, by)
    context.detector.model_version = "fake-2"
    add(context, UNCERTAIN)
    assert state(context, review_id) == "decided"
    add(context, LURE)
    assert state(context, review_id) == "open"
    assert decide(context, review_id, CONFIRM, by).supersedes == first.id


def test_a_decision_that_no_longer_stands_cannot_be_undone(context: Context, make_person: MakePerson) -> None:
    review_id, by = add(context, UNCERTAIN)[0], make_person()
    decide(context, review_id, LEGITIMATE, by)
    add(context, LURE)
    with pytest.raises(ConflictError, match="has changed since that decision"):
        undo(context, by)
    assert state(context, review_id) == "open"


def test_the_next_item_follows_in_order_and_begins_again_at_the_top(
    context: Context, make_person: MakePerson
) -> None:
    ids, asha, bela = add(context, LURE, UNCERTAIN, LURE + " now"), make_person("asha"), make_person("bela")
    claim(context, ids[1], bela)
    with context.database.reading() as session:
        rows = {review_id: reviews.get_review(session, review_id) for review_id in ids}
        now = context.clock()
        assert queue.next_item(session, queue.Filters(), by=asha, at=now).id == ids[0]
        assert queue.next_item(session, queue.Filters(), by=asha, at=now, after=rows[ids[0]]).id == ids[2]
        assert queue.next_item(session, queue.Filters(), by=asha, at=now, after=rows[ids[2]]).id == ids[0]
        assert (
            queue.previous_item(session, queue.Filters(), by=asha, at=now, before=rows[ids[2]]).id == ids[0]
        )
        assert queue.next_item(session, queue.Filters(), by=bela, at=now, after=rows[ids[0]]).id == ids[1]


def test_an_unknown_review_is_said_to_be_unknown(context: Context, make_person: MakePerson) -> None:
    with pytest.raises(NotFoundError, match="no such review"):
        claim(context, "rev_nothing", make_person())


def test_a_view_is_recorded_with_the_version_that_was_shown(
    context: Context, make_person: MakePerson
) -> None:
    review_id, by = add(context, LURE)[0], make_person()
    with context.database.writing() as session:
        review = reviews.get_review(session, review_id)
        actions.record_view(session, review, by=by, at=context.clock())
    with context.database.reading() as session:
        event = session.scalars(select(AuditEventRow).where(AuditEventRow.act == "review_viewed")).one()
        assert (event.actor, event.subject, event.detail) == (by.id, review_id, {"advert": review.advert_key})
