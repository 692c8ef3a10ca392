"""Archived pages: the WARC records that the crawler wrote, found by the digest an advert names.

Read are the crawler's manifests only; a record's bytes are copied as they lie in the archive.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ArchivedPage:
    """One page as fetched."""

    page_digest: str
    """`sha256:…` of the body."""
    url: str
    fetched_at: str
    record: bytes
    """The gzipped WARC record."""


def find_pages(folder: Path, digests: Iterable[str]) -> dict[str, ArchivedPage]:
    """Give digest → page for those of the digests whose record is in the folder."""
    wanted = set(digests)
    found: dict[str, ArchivedPage] = {}
    if not wanted:
        return found
    looked_for = re.compile(b"|".join(re.escape(digest.encode()) for digest in sorted(wanted)))
    for manifest in sorted(folder.rglob("*-manifest.jsonl")):
        with manifest.open("rb") as lines:
            for line in lines:
                page = _read(line, wanted, manifest.parent) if looked_for.search(line) else None
                if page is not None:
                    found.setdefault(page.page_digest, page)
        if found.keys() == wanted:
            break
    return found


def _read(line: bytes, wanted: set[str], folder: Path) -> ArchivedPage | None:
    try:
        told = json.loads(line)
        if told["payload"] not in wanted:
            return None
        path = folder / Path(told["file"]).name
        with path.open("rb") as file:
            file.seek(int(told["offset"]))
            record = file.read(int(told["length"]))
    except (ValueError, KeyError, TypeError, OSError):
        return None
    return ArchivedPage(told["payload"], str(told.get("url", "")), str(told.get("fetched_at", "")), record)
