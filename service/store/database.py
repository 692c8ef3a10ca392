"""Engine and unit of work: one transaction per act, opened and committed at the edge.

SQLite runs in WAL mode with foreign keys on; a writing unit takes the write lock when it
begins, so two writers queue and never meet half-way (`turns` says who is next). PostgreSQL needs no such care.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from service.errors import SettingsError, StoreError
from service.store.turns import Turns

BUSY_TIMEOUT_MS = 15_000


class Database:
    """One database, SQLite or PostgreSQL, and the units of work upon it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._writing = self.engine.execution_options(writing=True)
        self._turns = _turns_of(self.engine)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a unit of work: commits when the block ends, leaves nothing behind when it raises."""
        turn = self._turns.take() if self._turns else nullcontext()
        with turn, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a consistent view that writes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def check(self) -> None:
        """Raise `StoreError` when the database does not answer."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            raise StoreError("the database does not answer; check LUREWATCH_DATABASE_URL") from error

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._turns:
            self._turns.close()


def _turns_of(engine: Engine) -> Turns | None:
    if engine.dialect.name != "sqlite":
        return None
    return Turns(Path(str(engine.url.database)), patience_s=BUSY_TIMEOUT_MS / 1000)


def make_engine(url: str) -> Engine:
    """Make the engine for an address; raises `SettingsError` on one we do not support."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError("LUREWATCH_DATABASE_URL is no database address; use sqlite:///FILE") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(url, parsed.database)
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_size=10, pool_pre_ping=True
            )
        except (NoSuchModuleError, ModuleNotFoundError):
            raise SettingsError("PostgreSQL needs psycopg; install lurewatch[scale]") from None
    raise SettingsError("LUREWATCH_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")


def _sqlite_engine(url: str, path: str | None) -> Engine:
    if not path or path == ":memory:":
        raise SettingsError("LUREWATCH_DATABASE_URL: SQLite needs a file; use sqlite:///FILE")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=20)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
