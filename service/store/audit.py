"""The audit chain: who did what to what, each event sealed by the digest of the one before it.

Whoever alters, removes or inserts a row breaks the chain from that row on; whoever cuts off
its end disagrees with `audit_head`. An event is written in the transaction of the act it tells of.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.columns import canonical_json
from service.store.tables import AuditEventRow, AuditHeadRow

SYSTEM = "system"
"""The actor of what nobody in particular did: ingest, assessment."""

START = "0" * 64


class Act(StrEnum):
    """What can happen; every member is written by exactly one function."""

    ADVERTS_ASSESSED = "adverts_assessed"
    REVIEW_OPENED = "review_opened"
    REVIEW_RENEWED = "review_renewed"
    DAILY_SET_CHOSEN = "daily_set_chosen"
    REVIEW_VIEWED = "review_viewed"
    REVIEW_CLAIMED = "review_claimed"
    REVIEW_RELEASED = "review_released"
    REVIEW_DECIDED = "review_decided"
    REVIEW_HELD = "review_held"
    REVIEW_ESCALATED = "review_escalated"
    REVIEW_REASSIGNED = "review_reassigned"
    CAMPAIGN_DECIDED = "campaign_decided"
    CAMPAIGN_DECISION_UNDONE = "campaign_decision_undone"
    CAMPAIGNS_PARTED = "campaigns_parted"
    CAMPAIGNS_MERGED = "campaigns_merged"
    CAMPAIGN_SPLIT = "campaign_split"
    CAMPAIGN_SPLIT_UNDONE = "campaign_split_undone"
    WATCH_SET = "watch_set"
    WATCH_ENDED = "watch_ended"
    ALERTS_RAISED = "alerts_raised"
    ALERTS_SEEN = "alerts_seen"
    CONTACT_VIEWED = "contact_viewed"
    PACKAGE_MADE = "package_made"
    SECOND_LOOK_ASKED = "second_look_asked"
    SECOND_LOOK_GIVEN = "second_look_given"
    PAGE_VIEWED = "page_viewed"
    PASSWORD_SET = "password_set"  # noqa: S105 - an act, no password
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SIGN_IN_REFUSED = "sign_in_refused"
    DECISION_UNDONE = "decision_undone"
    LABELS_EXPORTED = "labels_exported"
    USER_ADDED = "user_added"
    USER_DISABLED = "user_disabled"
    LOGIN_LINK_MADE = "login_link_made"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    BAND_MOVED = "band_moved"
    THRESHOLDS_SET = "thresholds_set"
    EMPLOYER_ALLOWED = "employer_allowed"
    EMPLOYER_DISALLOWED = "employer_disallowed"
    FEEDBACK_RECEIVED = "feedback_received"
    FEEDBACK_RELEASED = "feedback_released"
    APPEAL_RECEIVED = "appeal_received"
    APPEAL_DECIDED = "appeal_decided"
    JOB_RECEIVED = "job_received"
    JOB_FINISHED = "job_finished"
    JOB_CANCELLED = "job_cancelled"
    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105 - the name of an act
    WEBHOOK_SWITCHED = "webhook_switched"
    ADVERTS_ERASED = "adverts_erased"


ACCESS = (Act.REVIEW_VIEWED, Act.CONTACT_VIEWED, Act.PAGE_VIEWED, Act.PACKAGE_MADE)
"""What shows somebody an advert with its contacts, or takes it out."""


def append_event(
    session: Session,
    act: Act,
    *,
    subject: str,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> int:
    """Add one event at the end of the chain; gives its number. Details hold ids and counts, no texts."""
    head = _locked_head(session)
    event = AuditEventRow(
        seq=head.seq + 1,
        at=at,
        actor=actor,
        act=act.value,
        subject=subject,
        detail=detail or {},
        previous=head.digest,
    )
    event.digest = _digest(event)
    head.seq, head.digest = event.seq, event.digest
    session.add(event)
    return event.seq


def _locked_head(session: Session) -> AuditHeadRow:
    """Give the end of the chain, locked for this unit of work by the first event that it adds."""
    if "audit_head" not in session.info:
        locked = select(AuditHeadRow).with_for_update().execution_options(populate_existing=True)
        session.info["audit_head"] = session.scalars(locked).one()
    head: AuditHeadRow = session.info["audit_head"]
    return head


def find_break(session: Session) -> int | None:
    """Give the number of the first event that does not fit the chain; None when all of it holds."""
    previous, seq = START, 0
    for event in session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq)).yield_per(1000):
        if event.seq != seq + 1 or event.previous != previous or event.digest != _digest(event):
            return seq + 1
        previous, seq = event.digest, event.seq
    head = session.scalars(select(AuditHeadRow)).one()
    return None if (head.seq, head.digest) == (seq, previous) else seq + 1


def list_events(session: Session, subject: str, *, limit: int = 100) -> list[AuditEventRow]:
    """Give what happened to one subject, newest first."""
    return list(
        session.scalars(
            select(AuditEventRow)
            .where(AuditEventRow.subject == subject)
            .order_by(AuditEventRow.seq.desc())
            .limit(limit)
        )
    )


def list_access(session: Session, *, since: datetime, actor: str | None = None) -> list[AuditEventRow]:
    """Give who was shown what since a moment, oldest first; of one person, or of everybody."""
    query = select(AuditEventRow).where(AuditEventRow.act.in_(ACCESS), AuditEventRow.at >= since)
    if actor is not None:
        query = query.where(AuditEventRow.actor == actor)
    return list(session.scalars(query.order_by(AuditEventRow.seq)))


def _digest(event: AuditEventRow) -> str:
    sealed = [
        event.seq,
        event.at.isoformat(),
        event.actor,
        event.act,
        event.subject,
        event.detail,
        event.previous,
    ]
    return hashlib.sha256(canonical_json(sealed).encode()).hexdigest()
