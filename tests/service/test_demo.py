"""The one command, as it is typed: board, crawl, ingest, table; then the console with its link."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.store.database import Database
from service.store.tables import AdvertRow, ReviewRow

COMMAND = [sys.executable, "-m", "lurewatch", "demo"]
ENVIRONMENT = {**os.environ, "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}


def n_rows(folder: Path, table: type) -> int:
    database = Database(f"sqlite:///{folder / 'lurewatch.sqlite3'}")
    with database.reading() as session:
        n = session.scalar(select(func.count()).select_from(table))
    database.dispose()
    return n


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "--exit", "--dir", str(folder)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_demo_ends_with_a_table_of_the_riskiest_and_why(shown: tuple[Path, str]) -> None:
    folder, told = shown
    assert re.search(r"\d+ adverts read and scored, 0 known already", told)
    assert "The riskiest adverts, and why" in told
    scores = [
        float(score)
        for score in re.findall(r"^\s*[<>]?([01]\.\d\d)\s+(?:high|review|low)", told, re.MULTILINE)
    ]
    assert len(scores) == 12
    assert scores == sorted(scores, reverse=True)
    assert re.search(r"\+\d\.\d \w", told)
    assert n_rows(folder, AdvertRow) >= 40
    assert n_rows(folder, ReviewRow) > 0


def test_the_demo_run_again_knows_every_advert_and_serves_the_console(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    before = n_rows(folder, AdvertRow)
    command = [*COMMAND, "--dir", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:  # noqa: S603
        try:
            told = ""
            while "login link" not in told:
                told += (line := process.stdout.readline())
                assert line, told
            link = re.search(r"http://127\.0\.0\.1:\d+/console/login/[\w-]+", told)[0]
            with urllib.request.urlopen(link, timeout=20) as page:  # noqa: S310 - this machine
                assert b"Sign in" in page.read()
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
    assert process.returncode == 0
    assert re.search(rf"0 adverts read and scored, {before} known already", told)
    assert n_rows(folder, AdvertRow) == before
