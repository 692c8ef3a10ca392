"""Sends what the API's description allows, and what it forbids, and holds every answer to it: Schemathesis.

Bounded in the tests; the long run is `python -m tests.service.fuzzing 100`, or with a PostgreSQL address
behind the number.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from service.auth import create_key
from service.store.database import Database
from service.store.ids import utc_now
from service.store.migrate import migrate
from tests.service.serving import ROOT, start

SECRET = "0123456789abcdef0123456789abcdef-for-tests"


@dataclass(frozen=True)
class Fuzzed:
    """What came of a run."""

    exit_code: int
    n_cases: int
    told: str


def fuzz(
    database_url: str, folder: Path, *, examples: int, phases: str = "examples,coverage,fuzzing"
) -> Fuzzed:
    """Serve the app on this migrated database and let Schemathesis at it."""
    key = make_key(database_url)
    served = start(
        database_url=database_url,
        secret=SECRET,
        jobs_folder=folder / "jobs",
        adverts_per_minute=0,
        background=False,
        most_waiting=10**6,
    )
    description = httpx2.get(f"{served.url}/openapi.json").json()
    (folder / "openapi.json").write_text(json.dumps(without_keys(description)), "utf-8")
    command = [Path(sys.executable).parent / "schemathesis", "run", folder / "openapi.json"]
    command += ["--url", served.url]
    command += ["--header", f"Authorization: Bearer {key}", "--include-path-regex", "^/v1/"]
    command += ["--max-examples", examples, "--phases", phases, "--mode", "all", "--seed", 1, "--no-color"]
    command += ["--exclude-checks", "positive_data_acceptance"]  # `refusals_say_why` is stricter, see hooks
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.service.fuzzing_hooks"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        served.stop()
    told = done.stdout + done.stderr
    counted = re.search(r"([\d,]+) generated", told)
    return Fuzzed(done.returncode, int(counted[1].replace(",", "")) if counted else 0, told)


def make_key(database_url: str) -> str:
    """Give a partner a key that may do everything."""
    database = Database(database_url)
    with database.writing() as session:
        key, _ = create_key(
            session,
            "Example Jobs",
            pepper=SECRET.encode(),
            scopes=("score", "read", "feedback", "admin"),
            is_test=False,
            at=utc_now(),
            expires_at=None,
        )
    database.dispose()
    return key


def without_keys(description: dict[str, Any]) -> dict[str, Any]:
    """Leave `Idempotency-Key` out, so that every request does its own work instead of repeating another's."""
    for methods in description["paths"].values():
        for operation in methods.values():
            named = operation.get("parameters", [])
            operation["parameters"] = [one for one in named if one["name"] != "Idempotency-Key"]
    return description


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{place}/fuzz.sqlite3"
        migrate(Database(url))
        result = fuzz(url, place, examples=int(sys.argv[1]))
        sys.stdout.write(result.told)
        sys.exit(result.exit_code)
