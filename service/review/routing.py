"""Who has a review when it cannot be decided at once: put on hold, hand to a lead, give to somebody.

The reason is one of a fixed list, because what a reviewer might write about a person belongs in no log.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.errors import ConflictError
from service.review.permissions import Permission, Person, can, check
from service.review.policies import check_free
from service.review.states import ReviewState, move
from service.store import reviews
from service.store.audit import Act, append_event
from service.store.tables import ReviewRow

HOLD_DAYS = (1, 3, 7)
"""For how many days an advert can be put on hold; the keys are the same numbers."""
REASSIGNED_FOR = timedelta(days=1)
ESCALATIONS: Mapping[str, str] = {
    "possible_captive": "Whoever posts may be held",
    "child": "Somebody may be under 18",
    "danger": "Somebody may be in danger now",
    "legal": "A legal question",
    "second_opinion": "I want a second opinion",
}
"""Code → words; the first three come with what to do first (`HARM_NOTES`)."""
HARM_NOTES: Mapping[str, str] = {
    "possible_captive": "Do not write to the poster: contact can bring violence. The embassy comes first.",
    "child": "Child protection services come first, before any police report.",
    "danger": "Emergency services and the embassy come first; Lurewatch is not an emergency channel.",
}


def hold(session: Session, review_id: str, *, by: Person, at: datetime, days: int) -> ReviewRow:
    """Keep a review out of the queue for some days; then it waits again for everybody."""
    check(by, Permission.DECIDE)
    review = _free(session, review_id, by=by, at=at)
    if days not in HOLD_DAYS:
        raise ConflictError(f"an advert can be held for {', '.join(map(str, HOLD_DAYS))} days")
    move(review, ReviewState.HELD)
    review.claimed_by, review.claimed_until = by.id, at + timedelta(days=days)
    append_event(session, Act.REVIEW_HELD, subject=review.id, actor=by.id, at=at, detail={"days": days})
    return review


def escalate(session: Session, review_id: str, *, by: Person, at: datetime, reason: str) -> ReviewRow:
    """Hand a review to whoever leads."""
    check(by, Permission.DECIDE)
    review = _free(session, review_id, by=by, at=at)
    if reason not in ESCALATIONS:
        raise ConflictError("there is no such reason to escalate; choose one of the list")
    move(review, ReviewState.ESCALATED)
    append_event(
        session, Act.REVIEW_ESCALATED, subject=review.id, actor=by.id, at=at, detail={"reason": reason}
    )
    return review


def reassign(session: Session, review_id: str, *, to: Person, by: Person, at: datetime) -> ReviewRow:
    """Give a review to a person for a day, whoever has it now."""
    check(by, Permission.LEAD)
    if not can(to, Permission.DECIDE):
        raise ConflictError(f"the role {to.role.value} decides nothing; give it to a reviewer")
    review = reviews.get_review(session, review_id, lock=True)
    if review.state == ReviewState.DECIDED:
        raise ConflictError("this advert has been decided already; nothing was changed")
    move(review, ReviewState.CLAIMED)
    review.claimed_by, review.claimed_until = to.id, at + REASSIGNED_FOR
    append_event(session, Act.REVIEW_REASSIGNED, subject=review.id, actor=by.id, at=at, detail={"to": to.id})
    return review


def _free(session: Session, review_id: str, *, by: Person, at: datetime) -> ReviewRow:
    review = reviews.get_review(session, review_id, lock=True)
    check_free(review, by=by, at=at)
    return review
