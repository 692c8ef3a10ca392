"""The same store on PostgreSQL: a server of its own in a temporary folder, stopped afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from service.assessing import Context
from service.settings import Settings
from service.store.backup import copy_database
from service.store.database import Database
from service.store.migrate import migrate
from service.store.search import is_search_index
from service.store.tables import Table
from tests.service import (
    test_assessing,
    test_console,
    test_export,
    test_ingest,
    test_network,
    test_own_settings,
    test_review,
    test_store,
    test_voices,
)

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if os.name == "posix" else []
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not BINARIES, reason="no PostgreSQL on this machine: apt-get install postgresql"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Give the address of a server that speaks over a socket file only."""
    folder = Path(tempfile.mkdtemp(prefix="lw-pg-"))
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    run = _runner(user)
    binaries = BINARIES[-1].parent
    run(
        [
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "lurewatch",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
    )
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run([binaries / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start"])
    try:
        yield f"postgresql+psycopg://lurewatch@/postgres?host={folder}"
    finally:
        run([binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder)


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then it runs as its own user."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _runner(user: pwd.struct_passwd | None):  # noqa: ANN202
    more = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}

    def run(command: list[object]) -> None:
        subprocess.run(  # noqa: S603 - our own command
            [str(part) for part in command], check=True, stdout=subprocess.DEVNULL, cwd="/", **more
        )

    return run


@pytest.fixture
def settings(server: str) -> Settings:
    """Give settings on an empty, migrated database, in place of the SQLite ones."""
    database = Database(server)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    migrate(database)
    database.dispose()
    return Settings(database_url=server, secret="x" * 40, sample_rate=0)


def test_a_migrated_database_is_exactly_what_the_tables_say(context: Context) -> None:
    with context.database.engine.connect() as connection:
        options = {"include_name": lambda name, _kind, _parents: not is_search_index(name)}
        migrations = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(migrations, Table.metadata) == []


def test_a_backup_is_an_archive_that_pg_restore_reads(context: Context, tmp_path: Path) -> None:
    to = tmp_path / "b.dump"
    copy_database(context.settings.database_url, to)
    assert to.stat().st_mode & 0o777 == 0o600
    listed = subprocess.run(  # noqa: S603
        [str(BINARIES[-1].parent / "pg_restore"), "--list", str(to)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "TABLE DATA public audit_events" in listed


# The same tests as on SQLite; their fixtures find this module's `settings`.
test_assess = test_assessing.test_advert_assessment_review_and_audit_event_come_together
test_exact = test_assessing.test_an_advert_comes_back_exactly_as_received
test_versions = test_assessing.test_the_same_words_fetched_again_are_the_same_version
test_newer_words = test_assessing.test_other_words_point_an_open_review_to_the_new_version
test_feed = test_ingest.test_a_feed_is_stored_scored_and_known_the_second_time
test_writers = test_store.test_writers_side_by_side_queue_and_lose_nothing
test_chain = test_store.test_the_audit_chain_finds_an_altered_or_missing_event
chained = test_store.chained
test_rollback = test_store.test_a_unit_of_work_that_raises_leaves_nothing_behind
test_undo = test_review.test_undo_goes_ten_deep_and_newest_first
test_events = test_review.test_every_act_leaves_one_event_that_names_who_and_what
test_order = test_review.test_the_next_item_follows_in_order_and_begins_again_at_the_top
test_pages = test_console.test_a_long_queue_comes_in_pages_that_miss_nothing
test_export_once = test_export.test_a_decision_is_exported_once_and_an_undone_one_never
by = test_export.by
decide = test_network.decide
undo = test_network.undo
admin = test_own_settings.admin
board = test_voices.board
test_network_order = test_network.test_the_order_of_arrival_does_not_change_who_is_together
test_network_lift = (
    test_network.test_a_later_confirmation_lifts_those_who_came_before_and_its_undoing_lets_them_go
)
test_network_merge = (
    test_network.test_two_campaigns_that_one_advert_bridges_become_one_and_can_be_parted_for_good
)
test_network_tenants = test_network.test_what_the_crawler_found_confirmed_lifts_a_partners_adverts_early_and_late_without_telling_more
test_vouched = test_own_settings.test_a_vouched_employer_is_not_held_back_or_queued_until_the_day_ends
test_what_if = test_own_settings.test_what_if_sorts_past_adverts_anew_beside_what_people_said_since
test_flood = test_voices.test_one_reporter_who_floods_is_set_aside_and_others_are_heard
