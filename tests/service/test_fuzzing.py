"""Schemathesis against the API as it is served, on both databases; bounded, see `fuzzing` for the long run."""

from pathlib import Path

import pytest

from service.settings import Settings
from tests.service import test_postgres
from tests.service.fuzzing import Fuzzed, fuzz

server = test_postgres.server
empty = test_postgres.settings


def check(result: Fuzzed) -> None:
    assert result.exit_code == 0, result.told
    assert result.n_cases > 300, result.told


def test_every_answer_is_what_the_description_promises(settings: Settings, tmp_path: Path) -> None:
    check(fuzz(settings.database_url, tmp_path, examples=2))


@pytest.mark.postgres
@pytest.mark.skipif(not test_postgres.BINARIES, reason="no PostgreSQL on this machine")
def test_every_answer_is_what_the_description_promises_on_postgresql(empty: Settings, tmp_path: Path) -> None:
    check(fuzz(empty.database_url, tmp_path, examples=2))
