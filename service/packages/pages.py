"""Archived pages: the WARC records that the crawler wrote, found by the digest an advert names.

Read are the crawler's manifests only; a record's bytes are copied as they lie in the archive. An index of the
manifests is kept beside the process, on disk and not in memory: manifests only grow, so each is read once and
then from where it ended, and only when a digest is asked for that the index does not know.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock


@dataclass(frozen=True)
class ArchivedPage:
    """One page as fetched."""

    page_digest: str
    """`sha256:…` of the body."""
    url: str
    fetched_at: str
    record: bytes
    """The gzipped WARC record."""


_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PAYLOAD = re.compile(rb'"payload"\s*:\s*"sha256:([0-9a-f]{64})"')
_END = "-manifest.jsonl"
_TABLES = """
    CREATE TABLE manifests (id INTEGER PRIMARY KEY, path TEXT UNIQUE, inode INTEGER, changed INTEGER, read_to INTEGER);
    CREATE TABLE pages (digest BLOB, manifest INTEGER, place INTEGER,
        PRIMARY KEY (digest, manifest, place)) WITHOUT ROWID;
"""


class PageIndex:
    """Where in a folder's manifests each digest stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        # a database without a name is a file that nobody else sees and that goes with the process
        self._index = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._index.executescript(_TABLES)

    def find(self, digests: Iterable[str]) -> dict[str, ArchivedPage]:
        """Give digest → page for those of the digests whose record is in the folder."""
        wanted = sorted({digest for digest in digests if _DIGEST.fullmatch(digest)})
        with self._lock:
            found = self._look_up(wanted)
            if len(found) < len(wanted) and self._read_on():
                found |= self._look_up([digest for digest in wanted if digest not in found])
        return found

    def _look_up(self, wanted: Iterable[str]) -> dict[str, ArchivedPage]:
        found = {}
        for digest in wanted:
            places = self._index.execute(
                "SELECT path, place FROM pages JOIN manifests ON manifests.id = manifest WHERE digest = ? "
                "ORDER BY path, place",
                (bytes.fromhex(digest.removeprefix("sha256:")),),
            )
            pages = (_read(Path(path), place, digest) for path, place in places.fetchall())
            page = next((page for page in pages if page is not None), None)
            if page is not None:
                found[digest] = page
        return found

    def _read_on(self) -> bool:
        """Read what manifests have grown by, and anew those that are no longer the file they were."""
        known = {row[1]: row for row in self._index.execute("SELECT * FROM manifests")}
        grown = False
        self._index.execute("BEGIN")
        try:
            for path, told in _manifests(self._folder):
                number, _, inode, changed, read_to = known.get(path, (None, path, told.st_ino, 0, 0))
                if (inode, changed, read_to) == (told.st_ino, told.st_mtime_ns, told.st_size):
                    continue
                if number is None:
                    added = self._index.execute("INSERT INTO manifests (path) VALUES (?)", (path,))
                    number = added.lastrowid
                elif inode != told.st_ino or read_to >= told.st_size:
                    self._index.execute("DELETE FROM pages WHERE manifest = ?", (number,))
                    read_to = 0
                for digest, place, end in _lines(Path(path), read_to):
                    read_to = end
                    if digest is not None:
                        row = (digest, number, place)
                        self._index.execute("INSERT OR IGNORE INTO pages VALUES (?, ?, ?)", row)
                self._index.execute(
                    "UPDATE manifests SET inode = ?, changed = ?, read_to = ? WHERE id = ?",
                    (told.st_ino, told.st_mtime_ns, read_to, number),
                )
                grown = True
        except BaseException:
            self._index.execute("ROLLBACK")
            raise
        self._index.execute("COMMIT")
        return grown


def find_pages(folder: Path, digests: Iterable[str]) -> dict[str, ArchivedPage]:
    """Give digest → page for those of the digests whose record is in the folder."""
    return _index_of(folder.absolute()).find(digests)


@cache
def _index_of(folder: Path) -> PageIndex:
    return PageIndex(folder)


def _manifests(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Give every manifest under a folder, and what the file system tells of it."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _manifests(Path(entry.path))
        elif entry.name.endswith(_END):
            yield entry.path, entry.stat()


def _lines(manifest: Path, start: int) -> Iterator[tuple[bytes | None, int, int]]:
    """Give digest, beginning and end of every line from a place on; one that is still being written waits."""
    with manifest.open("rb") as lines:
        lines.seek(start)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            told, place = _PAYLOAD.search(line), start
            start += len(line)
            yield bytes.fromhex(told[1].decode()) if told else None, place, start


def _read(manifest: Path, place: int, digest: str) -> ArchivedPage | None:
    try:
        with manifest.open("rb") as lines:
            lines.seek(place)
            told = json.loads(lines.readline())
        if told["payload"] != digest:
            return None
        path = manifest.parent / Path(told["file"]).name
        with path.open("rb") as file:
            file.seek(int(told["offset"]))
            record = file.read(int(told["length"]))
    except (ValueError, KeyError, TypeError, OSError):
        return None
    return ArchivedPage(told["payload"], str(told.get("url", "")), str(told.get("fetched_at", "")), record)
