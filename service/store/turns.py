"""Who writes to a SQLite file next: threads of one process in a row, processes by a lock on a file beside it.

SQLite's own waiting sleeps ever longer between tries, up to a tenth of a second, while the database lies idle. A lock
of the operating system can be asked for every half millisecond, and is free again when its holder dies. What does not
know of it (another program, a machine without such locks) is still kept apart by SQLite itself.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

try:
    import fcntl
except ImportError:  # no POSIX: SQLite's busy timeout alone keeps processes apart
    fcntl = None  # type: ignore[assignment]

SUFFIX = "-turn"
"""What the lock's file is called beside the database, as `-wal` and `-shm` are."""
_AGAIN_S = 0.0005


class Turns:
    """Lets one writer at a time to a database file, over all processes of a machine."""

    def __init__(self, database: Path, *, patience_s: float) -> None:
        self._path = database.with_name(database.name + SUFFIX)
        self._patience_s = patience_s
        self._lock = Lock()
        self._file: int | None = None

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn and hold it until the block ends; who waits in vain goes on and leaves it to SQLite."""
        with self._lock:
            if fcntl is None:
                yield
                return
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._wait(self._file)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _wait(self, file: int) -> None:
        until = time.monotonic() + self._patience_s
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_AGAIN_S)
            else:
                return

    def close(self) -> None:
        """Let go of the lock's file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
