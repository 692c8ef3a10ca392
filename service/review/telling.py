"""Tells partners what became of their adverts: ids, codes and moments, never who decided.

Each message goes into the outbox in the transaction of the act itself.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from service.store.outbox import EventType, announce
from service.store.tables import DecisionRow, ReviewRow


def tell_closed(session: Session, review: ReviewRow, decision: DecisionRow, *, at: datetime) -> None:
    """Tell that a person has given a verdict."""
    data = {
        "review_id": review.id,
        "advert_id": review.advert_id,
        "assessment_id": decision.assessment_id,
        "verdict": decision.verdict,
        "pattern": decision.pattern,
        "reason_code": decision.reason_code,
    }
    announce(session, EventType.REVIEW_CLOSED, partner_id=review.partner_id, data=data, at=at)


def tell_reopened(session: Session, review: ReviewRow, *, at: datetime) -> None:
    """Tell that a verdict does not stand any more."""
    data = {"review_id": review.id, "advert_id": review.advert_id, "assessment_id": review.assessment_id}
    announce(session, EventType.REVIEW_REOPENED, partner_id=review.partner_id, data=data, at=at)
