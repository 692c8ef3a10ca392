"""Puts a backup back in place of a database that is empty or was moved away; nothing is ever overwritten."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url

from service.errors import InputError, ShortfallError
from service.store.backup import postgres_environment
from service.store.database import make_engine

SQLITE_BEGINS = b"SQLite format 3\x00"
ARCHIVE_BEGINS = b"PGDMP"


def restore_database(url: str, backup: Path) -> None:
    """Restore a backup that `lurewatch backup` wrote; raises `InputError` unless the place is free."""
    try:
        with backup.open("rb") as file:
            begins = file.read(len(SQLITE_BEGINS))
    except OSError as error:
        raise InputError(f"{backup}: cannot be read ({error.strerror})") from None
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if begins != SQLITE_BEGINS:
            raise InputError(f"{backup}: is no backup of an SQLite database; check LUREWATCH_DATABASE_URL")
        _restore_sqlite(backup, Path(parsed.database or ""))
    else:
        if not begins.startswith(ARCHIVE_BEGINS):
            raise InputError(f"{backup}: is no backup of a PostgreSQL database; check LUREWATCH_DATABASE_URL")
        _restore_postgres(parsed, url, backup)


def _restore_sqlite(backup: Path, path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        if (there := path.with_name(path.name + suffix)).exists():
            raise InputError(f"{there}: exists; stop the service and move it away first")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    try:
        shutil.copyfile(backup, unfinished)
        connection = sqlite3.connect(unfinished)
        try:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
        finally:
            connection.close()
        if found != "ok":
            raise ShortfallError(f"{backup}: does not pass SQLite's integrity check; take another backup")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _restore_postgres(parsed: URL, url: str, backup: Path) -> None:
    program = shutil.which("pg_restore")
    if program is None:
        raise InputError("pg_restore is not installed; install PostgreSQL's client programs")
    engine = make_engine(url)
    try:
        tables = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise InputError("the database is not empty; stop the service and name an empty one")
    command = [program, "--exit-on-error", "--single-transaction", "--no-owner"]
    command += [f"--dbname={parsed.database}", str(backup)]
    given = {**os.environ, **postgres_environment(parsed)}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [""]
        raise ShortfallError(f"pg_restore failed: {last[0]}")
