"""What to look at next, and why in words.

An advert comes into the queue when its score reaches the review line, or by a draw: a small
share of those below it is shown all the same, so that what the detector misses can be measured.
The draw depends on the advert's words alone, so that ingesting twice draws the same ones.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from model.schema.assessment import Assessment, Band
from service.review.masking import hide_contacts
from service.review.permissions import Permission, Person, can
from service.review.policies import is_held
from service.review.states import Cause, ReviewState
from service.store import reviews
from service.store.reviews import Place
from service.store.tables import ReviewRow

DUE_BANDS = frozenset({Band.REVIEW, Band.HIGH})
PAGE_SIZE = 50
N_SIGNS = 3


@dataclass(frozen=True)
class Filters:
    """What the queue page shows; it stands in the page's address, so that a view is a link."""

    band: str | None = None
    language: str | None = None
    source: str | None = None
    state: str = "waiting"
    """`waiting` or `decided`."""


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue."""

    review: ReviewRow
    title: str | None
    score: float
    why: str
    """Why it stands here, in words."""
    held: bool
    """Whether another reviewer has it at the moment."""


def due_cause(assessment: Assessment, *, digest: str, sample_rate: float) -> Cause | None:
    """Tell why this advert should be looked at; None when it need not be."""
    if assessment.band in DUE_BANDS:
        return Cause.BAND
    if assessment.band is Band.LOW and draw(digest) < sample_rate:
        return Cause.SAMPLE
    return None


def draw(digest: str) -> float:
    """Give the advert's lot, evenly spread over 0-1 and always the same for the same words."""
    return int(digest[:12], 16) / 16**12


def priority(assessment: Assessment, cause: Cause, *, digest: str, sample_rate: float) -> float:
    """Give the place in the queue: by score; the random sample is spread evenly among the others."""
    if cause is Cause.BAND:
        return assessment.score
    return draw(digest) / sample_rate


def show_score(score: float) -> str:
    """Write a score for people: two digits, and never as a certainty."""
    if score >= 0.995:  # noqa: PLR2004 - would be rounded to 1.00
        return ">0.99"
    return "<0.01" if score < 0.005 else f"{score:.2f}"  # noqa: PLR2004


def why(review: ReviewRow, *, score: float) -> str:
    """Say in words why the advert is in the queue."""
    if review.cause == Cause.SAMPLE:
        return f"random check of adverts below the line (scored {show_score(score)})"
    return review.signs or f"scored {show_score(score)}"


def signs(assessment: Assessment) -> str:
    """Name what speaks most for the pattern, at most three reasons, strongest first."""
    speaking = (reason for reason in assessment.reasons if reason.log_odds > 0 and reason.code != "baseline")
    strongest = sorted(speaking, key=lambda reason: -reason.log_odds)[:N_SIGNS]
    return "; ".join(reason.title for reason in strongest)


def list_items(
    session: Session, filters: Filters, *, by: Person, at: datetime, after: Place | None = None
) -> tuple[list[QueueItem], Place | None]:
    """Give one page of the queue and the place where the next one begins."""
    conditions = [
        ReviewRow.state == ReviewState.DECIDED.value
        if filters.state == "decided"
        else ReviewRow.state != ReviewState.DECIDED.value
    ]
    conditions += [
        getattr(ReviewRow, name) == wanted
        for name in ("band", "language", "source")
        if (wanted := getattr(filters, name))
    ]
    rows = reviews.list_queue(session, conditions=conditions, after=after, limit=PAGE_SIZE + 1)
    shown = str if can(by, Permission.VIEW_CONTACTS) else hide_contacts
    items = [
        QueueItem(
            review, title and shown(title), score, why(review, score=score), is_held(review, by=by, at=at)
        )
        for review, title, score, _key in rows[:PAGE_SIZE]
    ]
    more = len(rows) > PAGE_SIZE
    return items, place_of(items[-1].review) if more else None


def place_of(review: ReviewRow) -> Place:
    """Give a review's place in the order."""
    return Place(review.priority, review.id)


def next_item(
    session: Session, *, by: Person, at: datetime, after: ReviewRow | None = None
) -> ReviewRow | None:
    """Give what this person should look at next: the following item, or the first when there is none."""
    if after is not None:
        following = reviews.next_waiting(session, user_id=by.id, at=at, after=place_of(after))
        if following is not None:
            return following
    first = reviews.next_waiting(session, user_id=by.id, at=at, after=None)
    return None if first is not None and after is not None and first.id == after.id else first


def previous_item(session: Session, *, by: Person, at: datetime, before: ReviewRow) -> ReviewRow | None:
    """Give the item that stands just before, if any."""
    return reviews.previous_waiting(session, user_id=by.id, at=at, before=place_of(before))
