"""Answers kept for requests that may be sent again: one row per partner and `Idempotency-Key`.

A request first takes its key, then works, then keeps its answer. A process that dies in between
leaves the key taken until `held_until`; after that the next try does the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.errors import InFlightError, KeyReusedError
from service.store.tables import KeptAnswerRow

KEPT_FOR = timedelta(hours=24)
HELD_FOR = timedelta(seconds=30)
"""How long one try may take before the next one may do the work in its place."""


@dataclass(frozen=True)
class Ask:
    """A request that says it may be sent again."""

    partner_id: str
    key: str
    fingerprint: str
    """Digest of method, path and body: the same key with another one is a mistake."""


@dataclass(frozen=True)
class Kept:
    """An answer as it was given, its body sealed."""

    status: int
    sealed_body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def take(session: Session, ask: Ask, *, at: datetime) -> Kept | None:
    """Give the answer kept for this request; None when the caller has the key now and must do the work.

    Raises `KeyReusedError` for another request, `InFlightError` while an earlier try is at work.
    """
    row = _find(session, ask)
    if row is None:
        if _insert(session, ask, at=at):
            return None
        row = _find(session, ask)
    if row is None or row.expires_at <= at:
        _renew(session, ask, at=at)
        return None
    if row.fingerprint != ask.fingerprint:
        raise KeyReusedError("this Idempotency-Key was used for another request; make a new key for each")
    if row.status is not None:
        return Kept(row.status, row.sealed_body or "", row.headers)
    if row.held_until > at:
        raise InFlightError(
            "the first request with this Idempotency-Key is still being answered",
            headers={"Retry-After": "1"},
        )
    row.held_until = at + HELD_FOR
    return None


def keep(session: Session, ask: Ask, answer: Kept, *, at: datetime) -> Kept:
    """Keep the answer, and give the one that stands: an earlier try's, when it was faster after all."""
    done = session.execute(
        update(KeptAnswerRow)
        .where(*_same(ask), KeptAnswerRow.status.is_(None))
        .values(
            status=answer.status,
            sealed_body=answer.sealed_body,
            headers=dict(answer.headers),
            expires_at=at + KEPT_FOR,
        )
    )
    if done.rowcount:  # type: ignore[attr-defined]
        return answer
    row = _find(session, ask)
    if row is None or row.status is None or row.fingerprint != ask.fingerprint:
        return answer
    return Kept(row.status, row.sealed_body or "", row.headers)


def give_up(session: Session, ask: Ask) -> None:
    """Let the key go: nothing was done, and the next try may do it."""
    row = _find(session, ask)
    if row is not None and row.status is None:
        session.delete(row)


def _find(session: Session, ask: Ask) -> KeptAnswerRow | None:
    query = select(KeptAnswerRow).where(*_same(ask)).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _insert(session: Session, ask: Ask, *, at: datetime) -> bool:
    """Take a new key; False when another process took it a moment ago."""
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(KeptAnswerRow).values(**_fresh(ask, at=at)).on_conflict_do_nothing()
    # What came back, not the count of rows: a driver may not know it and say -1, and then everybody would have won.
    return session.execute(insert.returning(KeptAnswerRow.key)).first() is not None


def _renew(session: Session, ask: Ask, *, at: datetime) -> None:
    session.execute(update(KeptAnswerRow).where(*_same(ask)).values(**_fresh(ask, at=at)))


def _same(ask: Ask) -> tuple[ColumnElement[bool], ...]:
    return KeptAnswerRow.partner_id == ask.partner_id, KeptAnswerRow.key == ask.key


def _fresh(ask: Ask, *, at: datetime) -> dict[str, object]:
    return {
        "partner_id": ask.partner_id,
        "key": ask.key,
        "fingerprint": ask.fingerprint,
        "status": None,
        "headers": {},
        "sealed_body": None,
        "created_at": at,
        "held_until": at + HELD_FOR,
        "expires_at": at + KEPT_FOR,
    }
