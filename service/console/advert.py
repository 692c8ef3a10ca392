"""One advert: its words with highlights and glosses, the reasons with their sources, the facts."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from service.console.pages import context_of, current, render
from service.console.view import SHOWN_REASONS, view_advert
from service.review import actions, routing, voices
from service.review.permissions import Permission, Person, can, check
from service.review.policies import is_held
from service.review.queue import next_item, previous_item, why
from service.review.states import ReviewState
from service.review.verdicts import CHOICES, REASON_CODES
from service.store import campaign_pages, reviews, users
from service.store.adverts import load_advert
from service.store.assessments import load_assessment
from service.store.audit import SYSTEM, Act, list_events
from service.store.campaigns import find_campaign
from service.store.tables import AuditEventRow, ReviewRow

router = APIRouter()


@router.get("/reviews/{review_id}")
def show_advert(request: Request, review_id: str) -> Response:
    """Show the advert; that it was shown is recorded."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    now = context.clock()
    with context.database.writing() as session:
        review = reviews.get_review(session, review_id)
        actions.record_view(session, review, by=who.person, at=now)
    with context.database.reading() as session:
        advert, assessment = (
            load_advert(session, review.advert_key),
            load_assessment(session, review.assessment_id),
        )
        names = users.pseudonyms(session)
        following = next_item(session, by=who.person, at=now, after=review)
        previous = previous_item(session, by=who.person, at=now, before=review)
        history = list_events(session, review.id, limit=30)
        decision = reviews.latest_decision(session, review.id)
        campaign = find_campaign(session, review.advert_key)
        contacts = campaign_pages.links_of_advert(session, review.advert_key)
        told = voices.words_from_outside(
            session, review.id, with_contacts=can(who.person, Permission.VIEW_CONTACTS)
        )
        deciders = _deciders(session) if can(who.person, Permission.LEAD) else []
    held = is_held(review, by=who.person, at=now)
    return render(
        request,
        "advert.html",
        who,
        review=review,
        assessment=assessment,
        view=view_advert(advert, assessment, with_contacts=can(who.person, Permission.VIEW_CONTACTS)),
        shown_reasons=SHOWN_REASONS,
        why=why(review, score=assessment.score),
        following=following.id if following else None,
        previous=previous.id if previous else None,
        history=[(event, names.get(event.actor, SYSTEM)) for event in history],
        decision=decision,
        decided_by=names.get(decision.decided_by) if decision else None,
        choices=CHOICES,
        reason_codes=REASON_CODES,
        held=held,
        mine=review.state == ReviewState.CLAIMED and review.claimed_by == who.person.id,
        may_decide=_may_decide(who.person, review, held=held),
        seconds_left=_seconds_left(review.claimed_until, now),
        hold_days=routing.HOLD_DAYS,
        escalations=routing.ESCALATIONS,
        harm_note=_harm_note(history),
        told=told,
        deciders=deciders,
        may_export_full=can(who.person, Permission.EXPORT_FULL),
        campaign=campaign,
        contacts=contacts if can(who.person, Permission.VIEW_CONTACTS) else [],
    )


def _deciders(session: Session) -> list[str]:
    """Name everybody to whom an advert can be given."""
    people = [Person.of(user) for user in users.list_users(session) if user.disabled_at is None]
    return [person.name for person in people if can(person, Permission.DECIDE)]


def _may_decide(person: Person, review: ReviewRow, *, held: bool) -> bool:
    if held or review.state == ReviewState.DECIDED or not can(person, Permission.DECIDE):
        return False
    return review.state != ReviewState.ESCALATED or can(person, Permission.LEAD)


def _harm_note(history: Sequence[AuditEventRow]) -> str | None:
    """Say what comes first when the advert was escalated because somebody may be harmed."""
    reason = next(
        (event.detail.get("reason") for event in history if event.act == Act.REVIEW_ESCALATED), None
    )
    return routing.HARM_NOTES.get(str(reason))


def _seconds_left(until: datetime | None, now: datetime) -> int:
    return max(0, int((until - now).total_seconds())) if until else 0
