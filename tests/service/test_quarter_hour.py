"""The README's way from nothing to a first score and a first job, typed as it stands there, on the shipped release."""

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.service.serving import ROOT

SECTION = (ROOT / "README.md").read_text("utf-8").partition("## For a job board")[2].partition("\n## ")[0]
MIGRATE_KEY_SERVE, CURL, JOB = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)[:3]
TYPED = f"""lurewatch() {{ {sys.executable} -c 'from lurewatch import main; main()' "$@"; }}
uuidgen() {{ {sys.executable} -c 'import uuid; print(uuid.uuid4())'; }}
"""

pytestmark = pytest.mark.skipif(
    not shutil.which("curl"), reason="no curl on this machine: apt-get install curl"
)


@dataclass
class Board:
    """Somebody at a job board, with a shell."""

    folder: Path
    port: int
    key: str = ""

    def sh(self, script: str) -> str:
        done = subprocess.run(  # noqa: S603 - the README's own commands
            ["/bin/sh", "-euc", TYPED + script.replace("127.0.0.1:8700", f"127.0.0.1:{self.port}")],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith("LUREWATCH_")}
        url = f"http://127.0.0.1:{self.port}"
        return {
            **given,
            "PYTHONPATH": str(ROOT),
            "KEY": self.key,
            "URL": url,
            "LUREWATCH_PORT": str(self.port),
        }


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    migrate, create_key, serve = MIGRATE_KEY_SERVE.strip().splitlines()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        one = Board(tmp_path, listener.getsockname()[1])
    assert "database is at" in one.sh(migrate)
    one.key = one.sh(create_key).strip()
    process = subprocess.Popen(  # noqa: S603 - the README's own command
        ["/bin/sh", "-c", TYPED.replace("{ ", "{ exec ", 1) + serve],
        env=one.environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(one)
        yield one
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(board: Board) -> None:
    until = time.monotonic() + 240
    while True:
        try:
            if httpx2.get(f"http://127.0.0.1:{board.port}/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < until, "the service was not ready in time"
        time.sleep(0.2)


def test_the_commands_as_written_lead_to_a_score_and_a_job(board: Board) -> None:
    said = json.loads(board.sh(CURL))
    assert (said["advert_id"], said["band"]) == ("JB-88213", "high")
    assert {"hotspot_destination"} <= {reason["code"] for reason in said["reasons"]}
    (board.folder / "adverts.ndjson.gz").write_bytes(gzip.compress(b'{"id": "1", "title": "Cook"}\n'))
    job = json.loads(board.sh(JOB))
    headers = {"Authorization": f"Bearer {board.key}"}
    until = time.monotonic() + 60
    while (at := httpx2.get(f"http://127.0.0.1:{board.port}/v1/jobs/{job['id']}", headers=headers).json())[
        "state"
    ] != "done":
        assert time.monotonic() < until, at
        time.sleep(0.2)
    assert at["n_scored"] == 1
