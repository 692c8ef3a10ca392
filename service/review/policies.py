"""May this item, in this state, be acted upon by this person now? The role is `permissions`' affair."""

from datetime import datetime

from service.errors import ConflictError
from service.review.permissions import Permission, Person, can
from service.review.states import ReviewState
from service.store.tables import DecisionRow, ReviewRow

UNDO_DEPTH = 10
"""How many of a person's latest decisions can be undone, one after the other."""


def is_held(review: ReviewRow, *, by: Person, at: datetime) -> bool:
    """Tell whether somebody else has claimed it or keeps it waiting, and that is not over yet."""
    return (
        review.state in {ReviewState.CLAIMED, ReviewState.HELD}
        and review.claimed_by != by.id
        and review.claimed_until is not None
        and review.claimed_until > at
    )


def check_free(review: ReviewRow, *, by: Person, at: datetime) -> None:
    """Raise `ConflictError` when it is somebody else's for now, or decided already."""
    if is_held(review, by=by, at=at):
        raise ConflictError(
            f"another reviewer has claimed this advert until {review.claimed_until:%H:%M} UTC"
        )
    if review.state == ReviewState.DECIDED:
        raise ConflictError("this advert has been decided already; nothing was changed")
    if review.state == ReviewState.ESCALATED and not can(by, Permission.LEAD):
        raise ConflictError("this advert waits for a lead; nothing was changed")


def check_undoable(decision: DecisionRow, review: ReviewRow, latest: DecisionRow | None) -> None:
    """Raise `ConflictError` when the decision is no longer the one that stands."""
    if latest is None or latest.id != decision.id or review.state != ReviewState.DECIDED:
        raise ConflictError("the advert has changed since that decision; open it and decide again")
