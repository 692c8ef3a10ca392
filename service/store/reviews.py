"""Reviews and decisions: what waits for a person, and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from model.schema.decision import Decision, LabelName, Verdict
from service.errors import NotFoundError
from service.store.tables import (
    AdvertRow,
    AssessmentRow,
    CampaignDecisionItemRow,
    DecisionRow,
    ExportedDecisionRow,
    QueuePlaceRow,
    ReviewRow,
)


@dataclass(frozen=True)
class Place:
    """A review's place in the queue's order, and the cursor of a page."""

    priority: float
    review_id: str


UNDECIDED: ColumnElement[bool] = literal_column("reviews.state <> 'decided'")
"""In these very words, because both databases then see that the indexes of undecided reviews will do."""
MOST_COUNTED = 10_000
MOST_VALUES = 200


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


def waiting(*, user_id: str, at: datetime, leads: bool = False) -> ColumnElement[bool]:
    """Select reviews this user could decide now: open, their own claims, and what has run out of time.

    A lead also has what was escalated.
    """
    own = and_(ReviewRow.state == "claimed", ReviewRow.claimed_by == user_id)
    over = and_(ReviewRow.state.in_(("claimed", "held")), ReviewRow.claimed_until <= at)
    escalated = [ReviewRow.state == "escalated"] if leads else []
    return and_(UNDECIDED, or_(ReviewRow.state == "open", own, over, *escalated))


def list_queue(
    session: Session, review_ids: Sequence[str]
) -> list[tuple[ReviewRow, str | None, float, QueuePlaceRow | None]]:
    """Give lines of the queue in its order: review, heading, score, what its place was reckoned from."""
    query = (
        select(ReviewRow, AdvertRow.heading, AssessmentRow.score, QueuePlaceRow)
        .join(AdvertRow, AdvertRow.key == ReviewRow.advert_key)
        .join(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .outerjoin(QueuePlaceRow, QueuePlaceRow.review_id == ReviewRow.id)
        .where(ReviewRow.id.in_(review_ids))
    )
    rows = [(review, heading, score, place) for review, heading, score, place in session.execute(query)]
    return sorted(rows, key=lambda row: (row[0].priority, row[0].id), reverse=True)


def count_waiting(session: Session) -> int:
    """Count the reviews without a verdict, up to `MOST_COUNTED`."""
    some = select(ReviewRow.id).where(UNDECIDED).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def values_of(session: Session, column: str) -> list[str]:
    """Give the distinct values of a column of undecided reviews, for the queue's filters."""
    attribute = {"band": ReviewRow.band, "language": ReviewRow.language, "source": ReviewRow.source}[column]
    return distinct(session, attribute, UNDECIDED, most=MOST_VALUES)


def distinct(session: Session, column: Any, condition: ColumnElement[bool], *, most: int) -> list[str]:
    """Give a column's values in order by stepping over its index: one look per value, not one per row."""
    steps = select(func.min(column).label("value")).where(condition, column > "").cte("steps", recursive=True)
    following = select(func.min(column)).where(condition, column > steps.c.value).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.value.is_not(None)))
    return [value for value in session.scalars(select(steps.c.value).limit(most)) if value is not None]


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


def stands() -> ColumnElement[bool]:
    """Select the decisions that were neither undone nor replaced by a later one."""
    later = aliased(DecisionRow)
    replaced = select(later.id).where(later.supersedes == DecisionRow.id, later.undone_at.is_(None)).exists()
    return and_(DecisionRow.undone_at.is_(None), ~replaced)


def cleared() -> Select[str]:
    """Select the keys of adverts that a person found to be honest, or no adverts."""
    verdicts = (Verdict.LEGITIMATE.value, Verdict.NOT_AN_ADVERT.value)
    return select(DecisionRow.advert_key).where(DecisionRow.verdict.in_(verdicts), stands())


def confirmed_ids(session: Session, *, partner_id: str) -> list[str]:
    """Give the ids of a partner's adverts whose standing decision is a confirmation, in order."""
    return list(
        session.scalars(
            select(ReviewRow.advert_id)
            .join(DecisionRow, DecisionRow.review_id == ReviewRow.id)
            .where(
                ReviewRow.partner_id == partner_id,
                DecisionRow.verdict == Verdict.CONFIRMED.value,
                stands(),
            )
            .order_by(ReviewRow.advert_id)
        )
    )


def list_decisions(session: Session, review_id: str) -> list[DecisionRow]:
    """Give everything that was decided on a review, undone ones included, newest first."""
    return list(
        session.scalars(
            select(DecisionRow).where(DecisionRow.review_id == review_id).order_by(DecisionRow.id.desc())
        )
    )


def own_decisions(session: Session, user_id: str, *, limit: int) -> list[DecisionRow]:
    """Give a person's latest decisions, undone ones included, newest first; one for a whole campaign."""
    item, last = CampaignDecisionItemRow, aliased(CampaignDecisionItemRow)
    last_of_campaign = (
        select(func.max(last.decision_id))
        .where(last.campaign_decision_id == item.campaign_decision_id)
        .scalar_subquery()
    )
    return list(
        session.scalars(
            select(DecisionRow)
            .outerjoin(item, item.decision_id == DecisionRow.id)
            .where(
                DecisionRow.decided_by == user_id,
                or_(item.decision_id.is_(None), item.decision_id == last_of_campaign),
            )
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


def decided_since(session: Session, user_id: str, *, since: datetime) -> list[datetime]:
    """Give when a person decided since a moment, newest first; what was decided at once counts once."""
    return list(
        session.scalars(
            select(DecisionRow.decided_at)
            .where(DecisionRow.decided_by == user_id, DecisionRow.decided_at > since)
            .distinct()
            .order_by(DecisionRow.decided_at.desc())
        )
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
