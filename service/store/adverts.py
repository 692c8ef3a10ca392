"""Adverts as received, one row per version; the same words twice are one row."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from service.store.columns import WrittenJson, storable
from service.store.ids import new_id
from service.store.tables import AdvertRow, Table

KEEP_FULL, KEEP_FEATURES = "full", "features"
"""What is kept of an advert: everything, or neither its words nor where it stood."""
NOT_KEPT = "(the words of this advert were not kept)"

VOLATILE = {"fetched_at", "page_digest"}
"""What changes when the same advert is fetched again; no part of its digest."""


@dataclass(frozen=True)
class StoredAdvert:
    """Where one version of an advert is stored."""

    key: str
    """Its row."""
    digest: str
    """What it says, see `content_digest`."""
    kept: str
    """What is kept of it: the most that was asked for so far."""
    expires_at: datetime
    """When it is erased: reckoned from when it came first, or from when its words did."""
    is_completed: bool = False
    """Whether its words came only now, to an advert that was kept without them."""


def content_digest(advert: JobAdvert) -> str:
    """Give the SHA-256 of what the advert says, whenever it was fetched."""
    said = advert.model_dump_json(exclude=VOLATILE, exclude_defaults=True)
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def stored_id(advert: JobAdvert) -> str:
    """Give the advert's id in the form it is stored and looked up under."""
    return storable(advert.id) or advert.id


def insert_new(session: Session, table: type[Table], rows: Sequence[Mapping[str, object]]) -> bool:
    """Insert those rows that are not there yet; tells whether all of them were new."""
    connection = session.connection()
    done = connection.execute(
        _insert(table, connection.dialect.name), rows, execution_options={"preserve_rowcount": True}
    )
    return done.rowcount == len(rows)


@functools.cache
def _insert(table: type[Table], dialect: str) -> sqlite.Insert | postgresql.Insert:
    chosen = postgresql if dialect == "postgresql" else sqlite
    made: sqlite.Insert | postgresql.Insert = chosen.insert(table.__table__).on_conflict_do_nothing()
    return made


def record_adverts(
    session: Session,
    adverts: Sequence[JobAdvert],
    *,
    partner_id: str,
    at: datetime,
    expires_at: datetime,
    keep: Sequence[str] = (),
) -> list[StoredAdvert]:
    """Store each advert unless this very version is stored already; give their places in order.

    `keep` says for each what is kept of it, everything when it is empty. One that was stored without its words
    gets them as soon as they may be kept; what is kept in full stays so, whatever is asked for later.
    """
    if not adverts:
        return []
    keep = keep or [KEEP_FULL] * len(adverts)
    wanted = [(stored_id(advert), content_digest(advert)) for advert in adverts]
    rows = {
        version: _row(advert, version=version, partner_id=partner_id, at=at, expires_at=expires_at, kept=kept)
        for advert, version, kept in zip(adverts, wanted, keep, strict=True)
    }
    known = {
        version: StoredAdvert(str(row["key"]), version[1], str(row["kept"]), expires_at)
        for version, row in rows.items()
    }
    if not insert_new(session, AdvertRow, list(rows.values())):
        known = _find_stored(session, [advert_id for advert_id, _ in wanted], partner_id=partner_id)
        known |= _complete(session, known, rows, expires_at=expires_at)
    return [known[version] for version in wanted]


def find_versions(session: Session, ids: Sequence[str], *, partner_id: str) -> Mapping[tuple[str, str], str]:
    """Give (advert id, digest) → key for every stored version of the partner's adverts of these ids."""
    rows = session.execute(
        select(AdvertRow.advert_id, AdvertRow.digest, AdvertRow.key).where(
            AdvertRow.partner_id == partner_id, AdvertRow.advert_id.in_(set(ids))
        )
    )
    return {(advert_id, digest): key for advert_id, digest, key in rows}


def list_versions(session: Session, advert_id: str, *, partner_id: str, limit: int) -> list[AdvertRow]:
    """Give the versions of a partner's advert that are still kept, newest first."""
    query = select(AdvertRow).where(AdvertRow.partner_id == partner_id, AdvertRow.advert_id == advert_id)
    return list(session.scalars(query.order_by(AdvertRow.received_at.desc(), AdvertRow.key).limit(limit)))


def _find_stored(
    session: Session, ids: Sequence[str], *, partner_id: str
) -> dict[tuple[str, str], StoredAdvert]:
    columns = (AdvertRow.advert_id, AdvertRow.key, AdvertRow.digest, AdvertRow.kept, AdvertRow.expires_at)
    rows = session.execute(
        select(*columns).where(AdvertRow.partner_id == partner_id, AdvertRow.advert_id.in_(set(ids)))
    )
    return {
        (row.advert_id, row.digest): StoredAdvert(row.key, row.digest, row.kept, row.expires_at)
        for row in rows
    }


def _complete(
    session: Session,
    known: Mapping[tuple[str, str], StoredAdvert],
    rows: Mapping[tuple[str, str], dict[str, object]],
    *,
    expires_at: datetime,
) -> dict[tuple[str, str], StoredAdvert]:
    """Write the words of adverts that were stored without them and may be kept now; gives their new places."""
    completed = {
        version: row | {"key": known[version].key}
        for version, row in rows.items()
        if row["kept"] == KEEP_FULL and known[version].kept != KEEP_FULL
    }
    if completed:
        session.execute(update(AdvertRow), list(completed.values()))
    return {
        version: StoredAdvert(known[version].key, version[1], KEEP_FULL, expires_at, is_completed=True)
        for version in completed
    }


def load_advert(session: Session, key: str) -> JobAdvert:
    """Give the advert of that key exactly as it was received."""
    return JobAdvert.from_json(session.get_one(AdvertRow, key).record)


def _row(
    advert: JobAdvert,
    *,
    version: tuple[str, str],
    partner_id: str,
    at: datetime,
    expires_at: datetime,
    kept: str,
) -> dict[str, object]:
    if kept != KEEP_FULL:
        advert = JobAdvert(id=advert.id, description=NOT_KEPT, posted_on=advert.posted_on)
    return {
        "key": new_id("adv", at=at),
        "partner_id": partner_id,
        "advert_id": version[0],
        "digest": version[1],
        "source": storable(advert.source),
        "url": storable(advert.url),
        "heading": storable(advert.title or advert.description, limit=160),
        "posted_on": advert.posted_on,
        "page_digest": storable(advert.page_digest),
        "received_at": at,
        "expires_at": expires_at,
        "record": WrittenJson(advert.model_dump_json()),
        "kept": kept,
    }
