"""Writers of several processes take turns at one SQLite file, and nobody waits for the dead or for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from service.store.turns import Turns

pytest.importorskip("fcntl")

HOLD = """
import sys, time
from pathlib import Path
from threading import Timer
from service.store.turns import Turns
with Turns(Path(sys.argv[1]), patience_s=10).take():
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_turn_is_free_as_soon_as_its_holder_is_dead(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "x.sqlite3", patience_s=30)
    with held_elsewhere(tmp_path / "x.sqlite3") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        begun = time.monotonic()
        with turns.take():
            assert time.monotonic() - begun < 5
    turns.close()


def test_who_waits_in_vain_goes_on_and_leaves_it_to_the_database(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "x.sqlite3", patience_s=0.3)
    with held_elsewhere(tmp_path / "x.sqlite3"):
        begun = time.monotonic()
        with turns.take():
            assert time.monotonic() - begun >= 0.3
    turns.close()


def test_one_process_waits_while_another_writes(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "x.sqlite3", patience_s=30)
    with held_elsewhere(tmp_path / "x.sqlite3") as process:
        begun = time.monotonic()
        Timer(0.5, process.kill).start()
        with turns.take():
            assert time.monotonic() - begun >= 0.4
    turns.close()
