"""The states of a review and the steps between them, as data."""

from enum import StrEnum

from service.errors import ConflictError
from service.store.tables import ReviewRow


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "open"
    """Waiting for a person."""
    CLAIMED = "claimed"
    """One reviewer has it until `claimed_until`; after that it counts as open."""
    HELD = "held"
    """One reviewer waits for something until `claimed_until`; after that it counts as open."""
    ESCALATED = "escalated"
    """Handed to a lead."""
    DECIDED = "decided"
    """A person has given a verdict."""


TRANSITIONS: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.OPEN: frozenset(
        {ReviewState.CLAIMED, ReviewState.HELD, ReviewState.ESCALATED, ReviewState.DECIDED}
    ),
    ReviewState.CLAIMED: frozenset(ReviewState),
    ReviewState.HELD: frozenset(ReviewState),
    ReviewState.ESCALATED: frozenset({ReviewState.OPEN, ReviewState.CLAIMED, ReviewState.DECIDED}),
    ReviewState.DECIDED: frozenset({ReviewState.OPEN, ReviewState.CLAIMED}),
}
"""State → the states that may follow. Decided → open when new evidence comes, → claimed by undo."""


class Cause(StrEnum):
    """Why an advert is in the queue."""

    BAND = "band"
    """Its score reached the review line."""
    SAMPLE = "sample"
    """Below the line, drawn at random to measure what the detector misses."""
    DAILY = "daily"
    """Below the line, chosen for the daily set because the answer teaches much."""
    FEEDBACK = "feedback"
    """The partner who published it says something of it."""
    APPEAL = "appeal"
    """Whoever placed it asks for a second look."""


def check_transition(current: ReviewState, following: ReviewState) -> None:
    """Raise `ConflictError` when the step is not in `TRANSITIONS`."""
    if following not in TRANSITIONS[current]:
        raise ConflictError(
            f"a review that is {current.value} cannot become {following.value}; reload the page"
        )


def move(review: ReviewRow, following: ReviewState) -> None:
    """Take the step, or raise `ConflictError`; a review that leaves a claim loses its claimant."""
    check_transition(ReviewState(review.state), following)
    review.state = following.value
    if following not in {ReviewState.CLAIMED, ReviewState.HELD}:
        review.claimed_by = review.claimed_until = None
