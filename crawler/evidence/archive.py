"""Writes every response to a WARC file before anything reads it.

One gzip member per record, flushed to the system before the page is handed on: a killed process
leaves every earlier record whole. The manifest lists each record with its digests; a Merkle root
over the records is taken each hour and at the end, each chained to the one before.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http.client import responses
from pathlib import Path
from typing import Any, BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.errors import EvidenceError
from crawler.evidence.verify_evidence import chain, merkle_root

HOUR_S = 3600.0
_LEVEL, _GZIP = 4, zlib.MAX_WBITS | 16
"""Level 9, which warcio's own writer takes, costs three times the time to make a page a tenth smaller."""


@dataclass(frozen=True)
class Kept:
    """Where one response was written."""

    digest: str
    """`sha256:…` of the body as received."""
    file: str
    offset: int


class Archive:
    """The evidence of one source in one output folder."""

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        started: datetime,
        about: dict[str, str],
        stamp: Callable[[bytes, Path], None] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._source, self._stamp = folder, source, stamp
        self._manifest_path = folder / f"{source}-manifest.jsonl"
        self._roots_path = folder / f"{source}-roots.jsonl"
        cut_broken_line(self._manifest_path)
        cut_broken_line(self._roots_path)
        self._path = self._free_name(started)
        self._file: BinaryIO | None = None
        self._buffer = io.BytesIO()
        self._writer = WARCWriter(self._buffer, gzip=False)
        self._about = about
        self._manifest = self._manifest_path.open("ab")
        self._pending = self._unrooted()
        self._last_root = started
        self._failed: list[EvidenceError] = []

    def _free_name(self, started: datetime) -> Path:
        stem = f"{self._source}-{started:%Y%m%dT%H%M%SZ}"
        n = 0
        while (path := self._folder / f"{stem}-{n:02d}.warc.gz").exists():
            n += 1
        return path

    def _unrooted(self) -> list[str]:
        """Records of a run that was killed before their root was taken."""
        listed = [json.loads(line)["record"] for line in self._manifest_path.read_bytes().splitlines()]
        return listed[self._rooted() :]

    def _roots(self) -> list[dict[str, object]]:
        return (
            [json.loads(line) for line in self._roots_path.read_bytes().splitlines()]
            if self._roots_path.is_file()
            else []
        )

    def _rooted(self) -> int:
        return sum(int(str(root["records"])) for root in self._roots())

    def keep(
        self,
        *,
        url: str,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        now: datetime,
        posted: bytes = b"",
    ) -> Kept:
        """Write one response; it is on its way to the disk when this returns.

        `posted` is what was sent to get it, where that decides what is answered.
        """
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        out = self._open()
        offset = out.tell()
        packed = self._record(url=url, status=status, headers=headers, body=body, digest=digest, now=now)
        out.write(packed)
        out.flush()
        record = hashlib.sha256(packed).hexdigest()
        line = {
            "url": url, "fetched_at": now.isoformat(), "status": status, "payload": digest, "record": record,
            "file": self._path.name, "offset": offset, "length": len(packed),
        }  # fmt: skip
        if posted:
            line["posted"] = posted.decode("utf-8", "replace")
        self._manifest.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._manifest.flush()
        self._pending.append(record)
        if (now - self._last_root).total_seconds() >= HOUR_S:
            self.take_root(now)
        return Kept(digest, self._path.name, offset)

    def take_root(self, now: datetime) -> None:
        """Take the Merkle root over the records since the last one; time-stamp it where a service is set."""
        self._last_root = now
        if not self._pending:
            return
        roots = self._roots()
        previous = str(roots[-1]["chain"]) if roots else ""
        root = merkle_root(self._pending)
        bound = chain(previous, root)
        line = {
            "until": now.isoformat(),
            "first": self._rooted(),
            "records": len(self._pending),
            "root": root,
            "chain": bound,
        }
        with self._roots_path.open("ab") as out:
            out.write(json.dumps(line).encode() + b"\n")
        self._pending = []
        if self._stamp is None:
            return
        try:
            self._stamp(bytes.fromhex(bound), self._roots_path.with_name(f"{self._source}-{bound[:16]}.tsr"))
        except EvidenceError as error:
            self._failed.append(error)

    def close(self, now: datetime) -> None:
        """Take the last root and close the files."""
        try:
            self.take_root(now)
            if self._failed:
                raise self._failed[0]
        finally:
            self._manifest.close()
            if self._file is not None:
                self._file.close()

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("ab")
            self._file.write(self._packed(self._writer.create_warcinfo_record(self._path.name, self._about)))
            self._file.flush()
        return self._file

    def _record(
        self,
        *,
        url: str,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        digest: str,
        now: datetime,
    ) -> bytes:
        http = StatusAndHeaders(
            f"{status} {responses.get(status, 'Unknown')}", _storable(headers), protocol="HTTP/1.1"
        )
        record = self._writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(body),
            length=len(body),
            http_headers=http,
            warc_headers_dict={"WARC-Date": f"{now:%Y-%m-%dT%H:%M:%SZ}", "WARC-Payload-Digest": digest},
        )
        return self._packed(record)

    def _packed(self, record: Any) -> bytes:
        """Give a record as a gzip member of its own."""
        self._buffer.seek(0)
        self._buffer.truncate()
        self._writer.write_record(record)
        return zlib.compress(self._buffer.getbuffer(), _LEVEL, _GZIP)


def _storable(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The body is stored without its transfer coding, so the header that names one is renamed."""
    kept = []
    for name, value in headers:
        clean = value.replace("\r", " ").replace("\n", " ")
        kept.append((f"X-Archive-Orig-{name}" if name.lower() == "transfer-encoding" else name, clean))
    return kept


def cut_broken_line(path: Path) -> None:
    """Take away a last line that was cut off when the process was killed; make the file if there is none."""
    path.touch()
    with path.open("rb+") as file:
        text = file.read()
        end = text.rfind(b"\n") + 1
        if end != len(text):
            file.truncate(end)
