"""What was seen when: pages for conditional requests, adverts for first seen, changed and gone.

One SQLite file beside the feed. A run that was killed is found here and taken up again; every
step is committed before the next begins, so a kill at any moment loses nothing that was fetched
and repeats nothing in the feed.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from model.schema.advert import JobAdvert

_TABLES = """
create table if not exists runs (
  id integer primary key, source text not null, started text not null, finished text, complete integer not null default 0
);
create table if not exists pages (
  source text not null, url text not null, etag text, last_modified text, digest text, fetched_at text not null,
  run integer not null, adverts text not null default '[]', listed_modified text, primary key (source, url)
);
create table if not exists adverts (
  id text primary key, source text not null, url text, words text not null, first_seen text not null, last_seen text not null,
  changed_at text, gone_at text, versions integer not null default 1, run integer not null
);
create table if not exists spent (
  source text not null, run integer not null, pages integer not null, primary key (source, run)
);
create table if not exists coverages (
  source text not null, run integer not null, shares text not null, primary key (source, run)
);
create table if not exists versions (
  id text not null, version integer not null, seen_at text not null, page_digest text, advert text not null, primary key (id, version)
);
"""
_CHANGING = ("fetched_at", "page_digest", "id")
"""Fields that differ between two visits of an unchanged advert."""


@dataclass(frozen=True)
class Visit:
    """How a page was found last time."""

    etag: str | None
    last_modified: str | None
    advert_ids: tuple[str, ...]
    this_run: bool
    listed_modified: str | None


class History:
    """The memory of one output folder for one source."""

    def __init__(self, path: Path, *, source: str) -> None:
        self.source = source
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + _TABLES)
        self.run = 0
        self.resumed = False

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin_run(self, now: datetime) -> None:
        """Take up the run that was killed, or begin a new one."""
        row = self._db.execute(
            "select id from runs where source = ? and finished is null order by id desc", (self.source,)
        ).fetchone()
        if row:
            self.run, self.resumed = row[0], True
            return
        self.run = int(
            self._db.execute(
                "insert into runs (source, started) values (?, ?)", (self.source, _text(now))
            ).lastrowid
            or 0
        )

    def end_run(self, now: datetime, *, complete: bool) -> tuple[str, ...]:
        """Close the run; after a complete one, adverts it did not meet are gone. Gives their ids."""
        gone: tuple[str, ...] = ()
        with self._transaction():
            if complete:
                rows = self._db.execute(
                    "select id from adverts where source = ? and run < ? and gone_at is null",
                    (self.source, self.run),
                ).fetchall()
                gone = tuple(row[0] for row in rows)
                self._mark_gone(gone, now)
            self._db.execute(
                "update runs set finished = ?, complete = ? where id = ?", (_text(now), complete, self.run)
            )
        return gone

    def visit(self, url: str) -> Visit | None:
        """How the page was found last time; None when it never was."""
        row = self._db.execute(
            "select etag, last_modified, adverts, run, listed_modified from pages where source = ? and url = ?",
            (self.source, url),
        ).fetchone()
        return Visit(row[0], row[1], tuple(json.loads(row[2])), row[3] == self.run, row[4]) if row else None

    def add_page(
        self,
        url: str,
        *,
        now: datetime,
        etag: str | None,
        last_modified: str | None,
        digest: str | None,
        advert_ids: tuple[str, ...],
        listed_modified: str | None = None,
    ) -> None:
        """Remember a page whose adverts are all in the feed."""
        self._db.execute(
            "insert or replace into pages values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.source,
                url,
                etag,
                last_modified,
                digest,
                _text(now),
                self.run,
                json.dumps(advert_ids),
                listed_modified,
            ),
        )

    def empty_page(self, url: str, *, now: datetime, digest: str | None) -> None:
        """A page answers and no advert is read off it: what it held is remembered, and it is asked in full next time."""
        visit = self.visit(url)
        held = visit.advert_ids if visit else ()
        self.add_page(url, now=now, etag=None, last_modified=None, digest=digest, advert_ids=held)

    def present_on(self, url: str) -> int:
        """How many adverts that are not gone a page held when one was last read off it."""
        visit = self.visit(url)
        return sum(1 for i in visit.advert_ids if self._is_present(i)) if visit else 0

    def touch_page(self, url: str, *, now: datetime) -> int:
        """A page is unchanged: its adverts are still there. Gives how many."""
        visit = self.visit(url)
        if visit is None:
            return 0
        with self._transaction():
            self._db.execute(
                "update pages set run = ?, fetched_at = ? where source = ? and url = ?",
                (self.run, _text(now), self.source, url),
            )
            self._db.executemany(
                "update adverts set last_seen = ?, run = ?, gone_at = null where id = ?",
                [(_text(now), self.run, i) for i in visit.advert_ids],
            )
        return len(visit.advert_ids)

    def gone_page(self, url: str, *, now: datetime) -> tuple[str, ...]:
        """A page no longer exists: nor do its adverts. Gives the ids of those that were there before."""
        visit = self.visit(url)
        if visit is None:
            return ()
        with self._transaction():
            gone = tuple(i for i in visit.advert_ids if self._is_present(i))
            self._mark_gone(gone, now)
        return gone

    def _is_present(self, advert_id: str) -> bool:
        row = self._db.execute("select gone_at from adverts where id = ?", (advert_id,)).fetchone()
        return bool(row) and row[0] is None

    def status(self, advert: JobAdvert) -> str:
        """Whether an advert is `new`, `changed`, `unchanged`, or was `repeated` within this run."""
        row = self._db.execute("select words, run from adverts where id = ?", (advert.id,)).fetchone()
        if row is None:
            return "new"
        if row[0] != words_digest(advert):
            return "changed"
        return "repeated" if row[1] == self.run else "unchanged"

    def add_advert(self, advert: JobAdvert, *, now: datetime) -> None:
        """Remember that an advert was met, with a new version when its words changed."""
        status = self.status(advert)
        with self._transaction():
            if status == "new":
                self._db.execute(
                    "insert into adverts (id, source, url, words, first_seen, last_seen, run) values (?, ?, ?, ?, ?, ?, ?)",
                    (
                        advert.id,
                        self.source,
                        advert.url,
                        words_digest(advert),
                        _text(now),
                        _text(now),
                        self.run,
                    ),
                )
            elif status == "changed":
                self._db.execute(
                    "update adverts set words = ?, last_seen = ?, changed_at = ?, gone_at = null, versions = versions + 1, run = ? where id = ?",
                    (words_digest(advert), _text(now), _text(now), self.run, advert.id),
                )
            else:
                self._db.execute(
                    "update adverts set last_seen = ?, gone_at = null, run = ? where id = ?",
                    (_text(now), self.run, advert.id),
                )
            if status in {"new", "changed"}:
                self._db.execute(
                    "insert or replace into versions select id, versions, ?, ?, ? from adverts where id = ?",
                    (_text(now), advert.page_digest, advert.to_line(), advert.id),
                )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give one row per advert: when first seen, last seen, changed and gone, and how many versions."""
        names = ("id", "source", "url", "first_seen", "last_seen", "changed_at", "gone_at", "versions")
        found = self._db.execute(
            "select id, source, url, first_seen, last_seen, changed_at, gone_at, versions from adverts where source = ? order by first_seen, id",
            (self.source,),
        )
        for row in found:
            yield dict(zip(names, row, strict=True))

    def spend(self, pages: int) -> None:
        """Add to the pages that were fetched in this run; one that is taken up again adds to its own."""
        self._db.execute(
            "insert into spent values (?, ?, ?) on conflict do update set pages = pages + excluded.pages",
            (self.source, self.run, pages),
        )

    def pages_spent(self) -> int:
        """How many pages were fetched from this source in all runs so far."""
        row = self._db.execute(
            "select coalesce(sum(pages), 0) from spent where source = ?", (self.source,)
        ).fetchone()
        return int(row[0])

    def keep_coverage(self, shares: dict[str, float]) -> None:
        """Remember which fields this run's adverts carried, for the next run to compare."""
        self._db.execute(
            "insert or replace into coverages values (?, ?, ?)", (self.source, self.run, json.dumps(shares))
        )

    def last_coverage(self) -> dict[str, float]:
        """Field → share of adverts that carried it in the last earlier run that read enough of them."""
        row = self._db.execute(
            "select shares from coverages where source = ? and run < ? order by run desc limit 1",
            (self.source, self.run),
        ).fetchone()
        return json.loads(row[0]) if row else {}

    def of_this_source(self, ids: Iterable[str]) -> int:
        """How many of the adverts named are this source's."""
        own = {
            row[0]
            for row in self._db.execute("select id from adverts where source = ?", (self.source,)).fetchall()
        }
        return len(own & set(ids))

    def counts(self) -> tuple[int, int]:
        """How many adverts of this source are present, and how many were met in this run."""
        row = self._db.execute(
            "select count(*) filter (where gone_at is null), count(*) filter (where run = ?) from adverts where source = ?",
            (self.run, self.source),
        ).fetchone()
        return int(row[0]), int(row[1])

    def _mark_gone(self, ids: tuple[str, ...], now: datetime) -> None:
        self._db.executemany("update adverts set gone_at = ? where id = ?", [(_text(now), i) for i in ids])

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("rollback" if kind else "commit")


def words_digest(advert: JobAdvert) -> str:
    """A digest of everything an advert says, without when and how it was fetched."""
    said = {name: value for name, value in advert.to_json().items() if name not in _CHANGING}
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
    ).hexdigest()


def _text(moment: datetime) -> str:
    return moment.isoformat()
