"""One advert: its words with highlights and glosses, the reasons with their sources, the facts."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from service.console.pages import context_of, current, render
from service.console.view import SHOWN_REASONS, view_advert
from service.review import actions
from service.review.permissions import Permission, can, check
from service.review.policies import is_held
from service.review.queue import next_item, previous_item, why
from service.review.states import ReviewState
from service.review.verdicts import CHOICES, REASON_CODES
from service.store import reviews, users
from service.store.adverts import load_advert
from service.store.assessments import load_assessment
from service.store.audit import SYSTEM, list_events

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
        may_decide=can(who.person, Permission.DECIDE) and not held and review.state != ReviewState.DECIDED,
        minutes_left=_minutes_left(review.claimed_until, now),
    )


def _minutes_left(until: datetime | None, now: datetime) -> int:
    return max(0, round((until - now).total_seconds() / 60)) if until else 0
