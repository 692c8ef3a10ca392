"""Appeals: an employer's objection to how its advert was judged, and how it was answered."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store.tables import AppealRow


def find_same(session: Session, digest: str, *, partner_id: str) -> AppealRow | None:
    """Give the appeal with the same content, sent before."""
    return session.scalars(
        select(AppealRow).where(AppealRow.partner_id == partner_id, AppealRow.digest == digest)
    ).one_or_none()


def get_appeal(session: Session, appeal_id: str, *, partner_id: str) -> AppealRow:
    """Give a partner's appeal; raises `NotFoundError`, also for another partner's."""
    row = session.scalars(
        select(AppealRow).where(AppealRow.id == appeal_id, AppealRow.partner_id == partner_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such appeal of yours")
    return row


def list_of_review(session: Session, review_id: str) -> list[AppealRow]:
    """Give the appeals on a review, newest first."""
    return list(
        session.scalars(
            select(AppealRow).where(AppealRow.review_id == review_id).order_by(AppealRow.id.desc())
        )
    )


def list_open(session: Session, review_id: str, *, at: datetime) -> list[AppealRow]:
    """Give the appeals on a review that nobody has answered."""
    return list(
        session.scalars(
            select(AppealRow).where(
                AppealRow.review_id == review_id, AppealRow.outcome.is_(None), AppealRow.received_at <= at
            )
        )
    )


def list_answered(session: Session, review_id: str) -> list[AppealRow]:
    """Give the appeals on a review that were answered, latest answer first."""
    return list(
        session.scalars(
            select(AppealRow)
            .where(AppealRow.review_id == review_id, AppealRow.outcome.is_not(None))
            .order_by(AppealRow.decided_at.desc())
        )
    )
