"""A job's files: what was sent, what came out, and the lock of whoever is at work on it.

The lock is the operating system's: a process that dies lets go of it in the same moment, and the
next one goes on from what was committed.
"""

import fcntl
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import BadRequestError, TooLargeError

INPUT, OUTPUT, ERRORS, LOCK = "input.ndjson", "output.ndjson", "errors.ndjson", "lock"
_STEP = 1 << 20


@dataclass(frozen=True)
class JobFiles:
    """Where one job's files are."""

    folder: Path

    @property
    def input(self) -> Path:
        """The adverts, unpacked."""
        return self.folder / INPUT

    @property
    def output(self) -> Path:
        """One answer per line."""
        return self.folder / OUTPUT

    @property
    def errors(self) -> Path:
        """One refusal per line."""
        return self.folder / ERRORS

    def erase(self) -> None:
        """Remove everything; nothing happens when it is gone already."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def working(self) -> Iterator[bool]:
        """Hold the job's lock; gives False when another process or thread has it, or the files are gone."""
        try:
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            yield False
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)


def files_of(folder: Path, job_id: str) -> JobFiles:
    """Give the files of a job."""
    return JobFiles(folder / job_id)


class Upload:
    """Takes a body piece by piece, unpacks it, and counts and digests what comes out."""

    def __init__(self, files: JobFiles, *, packed: bool, limit: int) -> None:
        files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = files.input.open("wb")
        self._unpack = zlib.decompressobj(wbits=31) if packed else None
        self._limit = limit
        self._digest = hashlib.sha256()
        self._begun = False
        self.n_bytes = 0

    def take(self, piece: bytes) -> None:
        """Take one piece; raises 413 over the limit, 400 when it is no gzip."""
        if self._unpack is None:
            self._write(piece)
            return
        came_out = _STEP
        while piece or came_out == _STEP:
            self._begun = self._begun or bool(piece)
            try:
                unpacked = self._unpack.decompress(piece, _STEP)
            except zlib.error:
                raise BadRequestError("the body is not gzip, as Content-Encoding says") from None
            self._write(unpacked)
            piece, came_out = self._unpack.unconsumed_tail, len(unpacked)
            if self._unpack.eof:  # another member may follow
                piece = self._unpack.unused_data
                self._unpack, self._begun, came_out = zlib.decompressobj(wbits=31), False, 0

    def finish(self) -> str:
        """Close the file, safe on disk; gives the SHA-256 of what was sent, unpacked, and raises 400 without any."""
        if self._unpack is not None and self._begun:
            raise BadRequestError("the gzip stream ends before its end")
        if not self.n_bytes:
            raise BadRequestError("the body is empty; send one advert per line")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        self.n_bytes += len(data)
        if self.n_bytes > self._limit:
            raise TooLargeError(
                f"the adverts are over {self._limit} bytes unpacked; send them as several jobs"
            )
        self._digest.update(data)
        self._file.write(data)
