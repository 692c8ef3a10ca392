"""What partners say of adverts, and what became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store.reviews import latest_decision
from service.store.tables import (
    AdvertRow,
    AssessmentRow,
    DecisionRow,
    ExportedDecisionRow,
    FeedbackRow,
    LabelBatchRow,
    PartnerRow,
    ReviewRow,
)


@dataclass(frozen=True)
class Answered:
    """What a person said of an advert that somebody gave feedback on."""

    decision: DecisionRow | None
    """The verdict that stands; None when it still waits."""
    label_batch: LabelBatchRow | None
    """The batch of labels that the verdict went into, for the next training."""


def find_same(session: Session, digest: str, *, partner_id: str) -> FeedbackRow | None:
    """Give the feedback with the same content, sent before."""
    return session.scalars(
        select(FeedbackRow).where(FeedbackRow.partner_id == partner_id, FeedbackRow.digest == digest)
    ).one_or_none()


def get_feedback(session: Session, feedback_id: str, *, partner_id: str) -> FeedbackRow:
    """Give a partner's feedback; raises `NotFoundError`, also for another partner's."""
    row = session.scalars(
        select(FeedbackRow).where(FeedbackRow.id == feedback_id, FeedbackRow.partner_id == partner_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such feedback of yours")
    return row


def count_recent(session: Session, partner_id: str, *, reporter: str, since: datetime) -> int:
    """Count what one reporter of a partner has sent since a moment."""
    query = select(func.count()).where(
        FeedbackRow.partner_id == partner_id,
        FeedbackRow.received_at > since,
        FeedbackRow.reporter == reporter,
    )
    return session.scalar(query) or 0


def list_in_state(
    session: Session, partner_id: str, state: str
) -> list[tuple[FeedbackRow, AdvertRow, AssessmentRow]]:
    """Give a partner's feedback in a state with what it is about, oldest first."""
    rows = session.scalars(
        select(FeedbackRow)
        .where(FeedbackRow.partner_id == partner_id, FeedbackRow.state == state)
        .order_by(FeedbackRow.id)
    )
    found = [(row, find_judged(session, partner_id, advert_key=row.advert_key)) for row in rows]
    return [(row, *pair) for row, pair in found if pair is not None]


def list_noted(
    session: Session, advert_keys: Collection[str]
) -> list[tuple[FeedbackRow, AdvertRow, AssessmentRow]]:
    """Give the feedback on these adverts that nobody was asked to look at, oldest first."""
    rows = session.scalars(
        select(FeedbackRow)
        .where(
            FeedbackRow.advert_key.in_(advert_keys),
            FeedbackRow.state == "taken",
            FeedbackRow.review_id.is_(None),
        )
        .order_by(FeedbackRow.id)
    )
    found = [(row, find_judged(session, row.partner_id, advert_key=row.advert_key)) for row in rows]
    return [(row, *pair) for row, pair in found if pair is not None]


def list_of_review(session: Session, review_id: str) -> list[FeedbackRow]:
    """Give the feedback that waits for a review or led to it, newest first."""
    return list(
        session.scalars(
            select(FeedbackRow).where(FeedbackRow.review_id == review_id).order_by(FeedbackRow.id.desc())
        )
    )


def count_quarantined(session: Session) -> list[tuple[str, str, str, int]]:
    """Give (partner id, partner's name, reporter, items set aside) for whoever has any."""
    rows = session.execute(
        select(PartnerRow.id, PartnerRow.name, FeedbackRow.reporter, func.count())
        .join(PartnerRow, PartnerRow.id == FeedbackRow.partner_id)
        .where(FeedbackRow.state == "quarantined")
        .group_by(PartnerRow.id, PartnerRow.name, FeedbackRow.reporter)
        .order_by(PartnerRow.name, FeedbackRow.reporter)
    )
    return [(partner_id, name, reporter, n) for partner_id, name, reporter, n in rows]


def find_judged(
    session: Session,
    partner_id: str,
    *,
    assessment_id: str | None = None,
    advert_id: str | None = None,
    advert_key: str | None = None,
) -> tuple[AdvertRow, AssessmentRow] | None:
    """Give a partner's advert with its assessment, by the id of either; of several the latest."""
    query = (
        select(AdvertRow, AssessmentRow)
        .join(AssessmentRow, AssessmentRow.advert_key == AdvertRow.key)
        .where(AdvertRow.partner_id == partner_id)
    )
    if assessment_id is not None:
        query = query.where(AssessmentRow.id == assessment_id)
    if advert_id is not None:
        query = query.where(AdvertRow.advert_id == advert_id)
    if advert_key is not None:
        query = query.where(AdvertRow.key == advert_key)
    order = (AdvertRow.received_at.desc(), AdvertRow.key.desc(), AssessmentRow.id.desc())
    found = session.execute(query.order_by(*order).limit(1)).one_or_none()
    return None if found is None else (found[0], found[1])


def answer_to(session: Session, row: FeedbackRow) -> Answered:
    """Say what became of feedback."""
    review = session.get(ReviewRow, row.review_id) if row.review_id else None
    decision = (
        latest_decision(session, review.id) if review is not None and review.state == "decided" else None
    )
    if decision is None:
        return Answered(None, None)
    batch = session.scalar(
        select(LabelBatchRow)
        .join(ExportedDecisionRow, ExportedDecisionRow.batch_id == LabelBatchRow.id)
        .where(ExportedDecisionRow.decision_id == decision.id)
    )
    return Answered(decision, batch)
