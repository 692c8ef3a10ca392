"""Reviews and decisions: what waits for a person, and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from model.schema.decision import Decision, LabelName, Verdict
from service.errors import NotFoundError
from service.store.tables import AdvertRow, AssessmentRow, DecisionRow, ExportedDecisionRow, ReviewRow


@dataclass(frozen=True)
class Place:
    """A review's place in the queue's order, and the cursor of a page."""

    priority: float
    review_id: str


def find_review(session: Session, *, partner_id: str, advert_id: str) -> ReviewRow | None:
    """Give the review of a partner's advert, whatever its state."""
    return session.scalars(
        select(ReviewRow).where(ReviewRow.partner_id == partner_id, ReviewRow.advert_id == advert_id)
    ).one_or_none()


def find_reviews(session: Session, *, partner_id: str, advert_ids: Sequence[str]) -> dict[str, ReviewRow]:
    """Give advert id → review for those of the partner's adverts that have one."""
    rows = session.scalars(
        select(ReviewRow).where(ReviewRow.partner_id == partner_id, ReviewRow.advert_id.in_(set(advert_ids)))
    )
    return {row.advert_id: row for row in rows}


def get_review(session: Session, review_id: str, *, lock: bool = False) -> ReviewRow:
    """Give a review, locked until the transaction ends when asked; raises `NotFoundError`."""
    query = select(ReviewRow).where(ReviewRow.id == review_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError("there is no such review")
    return row


def waiting(*, user_id: str, at: datetime) -> ColumnElement[bool]:
    """Select reviews this user could decide now: open, their own claims, and claims that have run out."""
    own_or_over = or_(ReviewRow.claimed_by == user_id, ReviewRow.claimed_until <= at)
    return or_(ReviewRow.state == "open", and_(ReviewRow.state == "claimed", own_or_over))


def list_queue(
    session: Session, *, conditions: Sequence[ColumnElement[bool]], after: Place | None, limit: int
) -> list[tuple[ReviewRow, str | None, float, str]]:
    """Give a page of the queue, first things first: review, heading, score, advert key."""
    query = (
        select(ReviewRow, AdvertRow.heading, AssessmentRow.score, AdvertRow.key)
        .join(AdvertRow, AdvertRow.key == ReviewRow.advert_key)
        .join(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .where(*conditions)
    )
    rows = session.execute(_in_order(query, after).limit(limit))
    return [(review, heading, score, key) for review, heading, score, key in rows]


def next_waiting(session: Session, *, user_id: str, at: datetime, after: Place | None) -> ReviewRow | None:
    """Give the first review this user could decide, after a place or from the top."""
    query = select(ReviewRow).where(waiting(user_id=user_id, at=at))
    return session.scalars(_in_order(query, after).limit(1)).one_or_none()


def previous_waiting(session: Session, *, user_id: str, at: datetime, before: Place) -> ReviewRow | None:
    """Give the review just before a place that this user could decide."""
    place = tuple_(ReviewRow.priority, ReviewRow.id)
    return session.scalars(
        select(ReviewRow)
        .where(waiting(user_id=user_id, at=at), place > tuple_(before.priority, before.review_id))
        .order_by(ReviewRow.priority, ReviewRow.id)
        .limit(1)
    ).one_or_none()


def count_waiting(session: Session) -> int:
    """Count the reviews without a verdict."""
    return session.scalar(select(func.count()).where(ReviewRow.state.in_(("open", "claimed")))) or 0


def values_of(session: Session, column: str) -> list[str]:
    """Give the distinct values of a column of undecided reviews, for the queue's filters."""
    attribute = {"band": ReviewRow.band, "language": ReviewRow.language, "source": ReviewRow.source}[column]
    rows = session.scalars(
        select(attribute).where(ReviewRow.state != "decided").distinct().order_by(attribute)
    )
    return [value for value in rows if value]


def assessment_of(session: Session, review: ReviewRow) -> AssessmentRow:
    """Give the stored assessment that a review is about."""
    return session.get_one(AssessmentRow, review.assessment_id)


def latest_decision(session: Session, review_id: str) -> DecisionRow | None:
    """Give the decision that stands on a review."""
    return session.scalars(
        select(DecisionRow)
        .where(DecisionRow.review_id == review_id, DecisionRow.undone_at.is_(None))
        .order_by(DecisionRow.id.desc())
        .limit(1)
    ).one_or_none()


def list_decisions(session: Session, review_id: str) -> list[DecisionRow]:
    """Give everything that was decided on a review, undone ones included, newest first."""
    return list(
        session.scalars(
            select(DecisionRow).where(DecisionRow.review_id == review_id).order_by(DecisionRow.id.desc())
        )
    )


def own_decisions(session: Session, user_id: str, *, limit: int) -> list[DecisionRow]:
    """Give a person's latest decisions, undone ones included, newest first."""
    return list(
        session.scalars(
            select(DecisionRow)
            .where(DecisionRow.decided_by == user_id)
            .order_by(DecisionRow.decided_at.desc(), DecisionRow.id.desc())
            .limit(limit)
        )
    )


def count_decided(session: Session, user_id: str, *, since: datetime) -> int:
    """Count a person's standing decisions since a moment."""
    return (
        session.scalar(
            select(func.count()).where(
                DecisionRow.decided_by == user_id,
                DecisionRow.decided_at >= since,
                DecisionRow.undone_at.is_(None),
            )
        )
        or 0
    )


def unexported_decisions(session: Session) -> list[tuple[DecisionRow, AdvertRow, AssessmentRow]]:
    """Give every standing decision that no batch of labels holds yet, with advert and assessment."""
    exported = select(ExportedDecisionRow.decision_id)
    later = select(DecisionRow.supersedes).where(
        DecisionRow.supersedes.is_not(None), DecisionRow.undone_at.is_(None)
    )
    rows = session.execute(
        select(DecisionRow, AdvertRow, AssessmentRow)
        .join(AdvertRow, AdvertRow.key == DecisionRow.advert_key)
        .join(AssessmentRow, AssessmentRow.id == DecisionRow.assessment_id)
        .where(DecisionRow.undone_at.is_(None), DecisionRow.id.not_in(exported), DecisionRow.id.not_in(later))
        .order_by(DecisionRow.id)
    )
    return [(decision, advert, assessment) for decision, advert, assessment in rows]


def as_decision(row: DecisionRow, *, advert_id: str, pseudonym: str) -> Decision:
    """Give the shared record of a stored decision."""
    return Decision(
        id=row.id,
        advert_id=advert_id,
        verdict=Verdict(row.verdict),
        pattern=LabelName(row.pattern) if row.pattern else None,
        reason_code=row.reason_code,
        note=row.note,
        decided_by=pseudonym,
        decided_at=row.decided_at,
        score=row.score,
        model_version=row.model_version,
        supersedes=row.supersedes,
    )


def _in_order(query: Any, after: Place | None) -> Any:
    if after is not None:
        query = query.where(
            tuple_(ReviewRow.priority, ReviewRow.id) < tuple_(after.priority, after.review_id)
        )
    return query.order_by(ReviewRow.priority.desc(), ReviewRow.id.desc())
