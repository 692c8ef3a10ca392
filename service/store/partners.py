"""Partners and their keys; a key is shown once and kept as a keyed hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from model.schema.assessment import Thresholds
from service.errors import ConflictError, NotFoundError
from service.store.ids import new_id
from service.store.tables import PartnerKeyRow, PartnerRow


@dataclass(frozen=True)
class Partner:
    """Who is calling, by which key, and what that key may do."""

    id: str
    name: str
    key_id: str
    scopes: frozenset[str]
    is_test: bool
    expires_at: datetime | None
    review_threshold: float | None
    high_threshold: float | None
    mode: str = "advise"
    """What the key's owner does with answers: `observe`, `advise` or `enforce`."""


def find_partner(session: Session, key_hash: str, *, at: datetime) -> Partner | None:
    """Give the partner whose key hashes to this; None when it is unknown, expired, revoked or disabled."""
    found = session.execute(
        select(
            PartnerRow.id,
            PartnerRow.name,
            PartnerKeyRow.id.label("key_id"),
            PartnerKeyRow.scopes,
            PartnerKeyRow.is_test,
            PartnerKeyRow.expires_at,
            PartnerRow.review_threshold,
            PartnerRow.high_threshold,
            PartnerKeyRow.mode,
        )
        .join(PartnerRow, PartnerRow.id == PartnerKeyRow.partner_id)
        .where(
            PartnerKeyRow.key_hash == key_hash,
            PartnerKeyRow.revoked_at.is_(None),
            PartnerRow.disabled_at.is_(None),
        )
    ).one_or_none()
    if found is None or (found.expires_at is not None and found.expires_at <= at):
        return None
    return Partner(
        id=found.id,
        name=found.name,
        key_id=found.key_id,
        scopes=frozenset(found.scopes.split()),
        is_test=found.is_test,
        expires_at=found.expires_at,
        review_threshold=found.review_threshold,
        high_threshold=found.high_threshold,
        mode=found.mode,
    )


def set_thresholds(session: Session, partner_id: str, thresholds: Thresholds | None) -> None:
    """Give a partner thresholds of its own, or with None those of whichever release serves."""
    row = session.get_one(PartnerRow, partner_id)
    row.review_threshold = thresholds.review if thresholds else None
    row.high_threshold = thresholds.high if thresholds else None


def set_mode(session: Session, key_id: str, mode: str) -> None:
    """Say what the owner of a key does with its answers."""
    session.get_one(PartnerKeyRow, key_id).mode = mode


def find_thresholds(session: Session, partner_id: str) -> Thresholds | None:
    """Give a partner's own thresholds; None when it goes by the release's."""
    row = session.get_one(PartnerRow, partner_id)
    if row.review_threshold is None or row.high_threshold is None:
        return None
    return Thresholds(review=row.review_threshold, high=row.high_threshold)


def find_named(session: Session, name: str, *, lock: bool = False) -> PartnerRow | None:
    """Give the partner of that name, locked until the transaction ends when asked; None when there is none."""
    query = select(PartnerRow).where(PartnerRow.name == name, PartnerRow.disabled_at.is_(None))
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def ensure_partner(session: Session, name: str, *, at: datetime) -> PartnerRow:
    """Give the partner of that name, adding it when it is new."""
    row = session.scalars(select(PartnerRow).where(PartnerRow.name == name)).one_or_none()
    if row is None:
        row = PartnerRow(id=new_id("par", at=at), name=name, created_at=at)
        session.add(row)
        session.flush()
    return row


def record_key(
    session: Session,
    partner: PartnerRow,
    *,
    beginning: str,
    key_hash: str,
    scopes: Sequence[str],
    is_test: bool,
    at: datetime,
    expires_at: datetime | None,
) -> PartnerKeyRow:
    """Keep a new key's hash and its visible beginning."""
    row = PartnerKeyRow(
        id=new_id("key", at=at),
        partner_id=partner.id,
        beginning=beginning,
        key_hash=key_hash,
        scopes=" ".join(scopes),
        is_test=is_test,
        created_at=at,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def list_keys(session: Session) -> list[tuple[PartnerKeyRow, PartnerRow]]:
    """Give every key with its partner, oldest first."""
    rows = session.execute(
        select(PartnerKeyRow, PartnerRow)
        .join(PartnerRow, PartnerRow.id == PartnerKeyRow.partner_id)
        .order_by(PartnerKeyRow.id)
    )
    return [(key, partner) for key, partner in rows]


def revoke_key(session: Session, key_id: str, *, at: datetime) -> PartnerKeyRow:
    """End a key from this moment; raises when it is unknown or ended already."""
    row = session.get(PartnerKeyRow, key_id)
    if row is None:
        raise NotFoundError(f"no key {key_id}; `lurewatch keys list` names them")
    if row.revoked_at is not None:
        raise ConflictError(f"key {key_id} was revoked already, on {row.revoked_at:%Y-%m-%d}")
    row.revoked_at = at
    return row
