import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from service.assessing import Context
from service.errors import InputError, SettingsError, StoreError
from service.store import audit
from service.store.audit import Act, append_event, find_break
from service.store.backup import copy_database
from service.store.columns import storable
from service.store.database import Database
from service.store.migrate import check_current, migrate
from service.store.search import is_search_index
from service.store.tables import AdvertRow, AuditEventRow, PartnerRow, Table
from tests.fakes import Clock


def test_a_migrated_database_is_exactly_what_the_tables_say(context: Context) -> None:
    with context.database.engine.connect() as connection:
        options = {"include_name": lambda name, _kind, _parents: not is_search_index(name)}
        migrations = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(migrations, Table.metadata) == []


def test_migrating_twice_changes_nothing_and_an_empty_database_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'x.sqlite3'}")
    with pytest.raises(StoreError, match="run `lurewatch migrate`"):
        check_current(database)
    before, after = migrate(database)
    assert before is None
    assert migrate(database) == (after, after)
    check_current(database)
    database.dispose()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://x/y", "no address"])
def test_an_address_we_cannot_serve_is_refused_by_the_name_of_its_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="LUREWATCH_DATABASE_URL"):
        Database(url)


def test_sqlite_runs_with_wal_foreign_keys_and_a_busy_timeout(context: Context) -> None:
    with context.database.reading() as session:
        values = [
            session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 1, 15000]


def test_a_row_that_points_nowhere_is_refused(context: Context, clock: Clock) -> None:
    with pytest.raises(IntegrityError), context.database.writing() as session:
        session.add(
            AdvertRow(
                key="a",
                partner_id="nobody",
                advert_id="1",
                digest="d",
                received_at=clock(),
                expires_at=clock(),
                record={},
            )
        )


def test_a_unit_of_work_that_raises_leaves_nothing_behind(context: Context, clock: Clock) -> None:
    def fail_half_way() -> None:
        with context.database.writing() as session:
            session.add(PartnerRow(id="p", name="Gone", created_at=clock()))
            append_event(session, Act.KEY_CREATED, subject="p", actor="x", at=clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with context.database.reading() as session:
        assert session.scalars(select(PartnerRow.id)).all() == ["crawler"]
        assert session.scalars(select(AuditEventRow)).all() == []


def test_writers_side_by_side_queue_and_lose_nothing(context: Context, clock: Clock) -> None:
    def write(number: int) -> None:
        with context.database.writing() as session:
            append_event(session, Act.SIGNED_IN, subject=str(number), actor="x", at=clock())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    with context.database.reading() as session:
        events = session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq)).all()
        assert [event.seq for event in events] == list(range(1, 81))
        assert {event.subject for event in events} == {str(number) for number in range(80)}
        assert find_break(session) is None


@pytest.fixture
def chained(context: Context, clock: Clock) -> Context:
    with context.database.writing() as session:
        for number in range(5):
            append_event(
                session,
                Act.REVIEW_VIEWED,
                subject=f"rev_{number}",
                actor="x",
                at=clock(),
                detail={"n": number},
            )
    return context


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit_events SET actor = 'y' WHERE seq = 3", 3),
        ("UPDATE audit_events SET detail = '{\"n\":9}' WHERE seq = 2", 2),
        ("DELETE FROM audit_events WHERE seq = 4", 4),
        ("DELETE FROM audit_events WHERE seq = 5", 5),
        ("DELETE FROM audit_events", 1),
        ("UPDATE audit_events SET at = '2020-01-01 00:00:00' WHERE seq = 1", 1),
    ],
)
def test_the_audit_chain_finds_an_altered_or_missing_event(
    chained: Context, tampering: str, found: int
) -> None:
    with chained.database.writing() as session:
        assert find_break(session) is None
        session.execute(text(tampering.replace(":", "\\:")))
    with chained.database.reading() as session:
        assert find_break(session) == found


def test_events_of_a_subject_come_newest_first(chained: Context) -> None:
    with chained.database.reading() as session:
        assert [event.seq for event in audit.list_events(session, "rev_3")] == [4]


@pytest.mark.parametrize(
    ("received", "stored"), [("a\x00b", "a\ufffdb"), ("\ud800x", "?x"), ("abcdef", "abcd"), (None, None)]
)
def test_a_text_is_made_fit_for_any_database(received: str | None, stored: str | None) -> None:
    assert storable(received, limit=4) == stored


def test_a_backup_is_consistent_and_never_overwritten(context: Context, tmp_path: Path, clock: Clock) -> None:
    with context.database.writing() as session:
        session.add(PartnerRow(id="p", name="Kept", created_at=clock()))
    to = tmp_path / "backups" / "b.sqlite3"
    copy_database(context.settings.database_url, to)
    assert to.stat().st_mode & 0o777 == 0o600
    copy = sqlite3.connect(to)
    assert copy.execute("SELECT name FROM partners WHERE id = 'p'").fetchone() == ("Kept",)
    copy.close()
    with pytest.raises(InputError, match="exists already"):
        copy_database(context.settings.database_url, to)
    assert [path.name for path in to.parent.iterdir()] == ["b.sqlite3"]
