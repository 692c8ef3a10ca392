"""Passwords' hashes and second factors; sessions that end when one of them changes."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.store.audit import Act
from service.store.tables import AuditEventRow, CredentialRow, SessionRow


def find_credential(session: Session, user_id: str, *, lock: bool = False) -> CredentialRow | None:
    """Give how a person signs in without a link; None when only links work."""
    query = select(CredentialRow).where(CredentialRow.user_id == user_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def count_refused(session: Session, subject: str, *, since: datetime) -> int:
    """Count the refused tries under one name since a moment."""
    return (
        session.scalar(
            select(func.count()).where(
                AuditEventRow.subject == subject,
                AuditEventRow.act == Act.SIGN_IN_REFUSED.value,
                AuditEventRow.at > since,
            )
        )
        or 0
    )


def used_recovery_codes(session: Session, user_id: str, *, since: datetime) -> set[int]:
    """Give the numbers of the recovery codes that a person has used since the second factor was set."""
    query = select(AuditEventRow.detail).where(
        AuditEventRow.subject == user_id,
        AuditEventRow.act == Act.RECOVERY_CODE_USED.value,
        AuditEventRow.at >= since,
    )
    return {int(detail["number"]) for detail in session.scalars(query)}


def end_other_sessions(session: Session, user_id: str, *, but: str, at: datetime) -> None:
    """End every session of a person except the one whose token hashes to `but`."""
    session.execute(
        update(SessionRow)
        .where(SessionRow.user_id == user_id, SessionRow.token_hash != but, SessionRow.ended_at.is_(None))
        .values(ended_at=at)
    )
