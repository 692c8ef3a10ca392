"""Appeals: whoever placed an advert may ask for a second look, and is told how it ended.

An appeal opens the advert's review again, at the head of the queue and with the appeal's words beside it.
The next verdict answers it: `upheld` when the advert turns out honest or no advert, `rejected` when it is
confirmed. Unsure answers nothing, and an undone verdict leaves the appeal open again.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from model.schema.decision import Verdict
from service.store import appeals, outbox
from service.store.audit import SYSTEM, Act, append_event
from service.store.tables import ReviewRow

OUTCOMES = {
    Verdict.LEGITIMATE: "upheld",
    Verdict.NOT_AN_ADVERT: "upheld",
    Verdict.CONFIRMED: "rejected",
}
"""Verdict → what it answers an appeal with."""


def settle(session: Session, review: ReviewRow, *, verdict: str | None, at: datetime) -> None:
    """Answer the open appeals on a review by its verdict; with None, open those that this verdict answered."""
    if verdict is None:
        answered = appeals.list_answered(session, review.id)
        for row in answered:
            if row.decided_at == answered[0].decided_at:
                row.outcome = row.decided_at = None
        return
    outcome = OUTCOMES.get(Verdict(verdict))
    if outcome is None:
        return
    for row in appeals.list_open(session, review.id, at=at):
        row.outcome, row.decided_at = outcome, at
        detail = {"review": review.id, "outcome": outcome}
        append_event(session, Act.APPEAL_DECIDED, subject=row.id, actor=SYSTEM, at=at, detail=detail)
        told = {"appeal_id": row.id, "advert_id": review.advert_id, "outcome": outcome}
        outbox.announce(session, outbox.EventType.APPEAL_DECIDED, partner_id=row.partner_id, data=told, at=at)
