"""A consistent copy of the database, taken while the service runs."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from service.errors import InputError, ShortfallError


def copy_database(url: str, to: Path) -> None:
    """Copy the database to a new file that only its owner may read: SQLite as SQLite, PostgreSQL as a `pg_restore` archive."""
    if to.exists():
        raise InputError(f"{to}: exists already; name a file that does not, backups are never overwritten")
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(to.name + ".part")
    parsed = make_url(url)
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        if parsed.get_backend_name() == "sqlite":
            _copy_sqlite(Path(parsed.database or ""), unfinished)
        else:
            _dump_postgres(parsed, unfinished)
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_sqlite(path: Path, to: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: there is no database; check LUREWATCH_DATABASE_URL")
    source, target = sqlite3.connect(path), sqlite3.connect(to)
    try:
        source.backup(target)
        found = target.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        source.close()
        target.close()
    if found != "ok":
        raise ShortfallError(
            f"{path}: the copy does not pass SQLite's integrity check; the database is damaged"
        )


def _dump_postgres(url: URL, to: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise InputError("pg_dump is not installed; install PostgreSQL's client programs")
    given = postgres_environment(url)
    command = [program, "--format=custom", f"--file={to}"]
    done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ShortfallError(
            f"pg_dump failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}"
        )


def postgres_environment(url: URL) -> dict[str, str]:
    """Give the variables by which PostgreSQL's programs find the database; a password is on no command line."""
    names = {
        "PGHOST": url.host,
        "PGUSER": url.username,
        "PGDATABASE": url.database,
        "PGPASSWORD": url.password,
    }
    given = {name: value for name, value in names.items() if value}
    if url.port:
        given["PGPORT"] = str(url.port)
    if isinstance(socket_folder := url.query.get("host"), str):
        given["PGHOST"] = socket_folder
    return given
