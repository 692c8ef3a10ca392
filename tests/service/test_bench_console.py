"""The console's bench builds what the service itself would have stored, and measures all of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text
from typer.testing import CliRunner

from lurewatch import app
from service.assessing import Context
from service.bench_adverts import WORDS, build
from service.bench_console import QUERIES
from service.errors import InputError
from service.review.permissions import Person
from service.review.queue import Filters, list_items
from service.review.search import fold
from service.settings import Settings
from service.store.database import Database
from service.store.tables import ReviewRow, Table

N_ADVERTS = 400
MakePerson = Callable[..., Person]


@pytest.fixture
def built(tmp_path: Path) -> str:
    """Give the address of a database that the bench has filled."""
    url = f"sqlite:///{tmp_path}/built.sqlite3"
    build(url, N_ADVERTS)
    return url


@pytest.fixture
def settings(built: str) -> Settings:
    return Settings(database_url=built, secret="x" * 40, sample_rate=0)


def schema(url: str) -> dict[str, object]:
    """Give every table's indexes, and SQLite's triggers."""
    engine = Database(url).engine
    with engine.connect() as connection:
        found = inspect(connection)
        told: dict[str, object] = {
            name: sorted(str(index["name"]) for index in found.get_indexes(name))
            for name in found.get_table_names()
        }
        if engine.dialect.name == "sqlite":
            listed = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
            told["triggers"] = [tuple(row) for row in connection.execute(listed)]
    engine.dispose()
    return told


def test_a_built_database_has_every_index_and_trigger_of_a_migrated_one(built: str, migrated: Path) -> None:
    assert schema(built) == schema(f"sqlite:///{migrated}")


def test_every_made_up_advert_waits_and_is_found(context: Context, make_person: MakePerson) -> None:
    asha = make_person()
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == N_ADVERTS
        for filters in (Filters(), Filters(find="customer"), Filters(find="កម្ពុជា"), Filters(place="Poipet")):
            assert list_items(session, filters, by=asha, at=context.clock())[0]
        needles, _ = list_items(session, Filters(find="needle"), by=asha, at=context.clock())
        assert len(needles) == 20


def test_made_up_words_are_folded_as_search_folds_them() -> None:
    assert [fold(word) for words in WORDS.values() for word in words] == [
        word for words in WORDS.values() for word in words
    ]


def test_a_database_that_holds_something_is_refused(built: str) -> None:
    with pytest.raises(InputError, match="empty database"):
        build(built, 1)


def test_the_command_measures_every_query_and_says_how_busy_the_machine_was() -> None:
    result = CliRunner().invoke(app, ["bench-console", "--adverts", "60", "--turns", "3", "--json"])
    told = json.loads(result.stdout)
    assert set(QUERIES) < set(told)
    assert told["adverts"] == 60
    assert 0 <= told["load"] < 100 * (os.cpu_count() or 1)


def test_whatever_refers_to_an_erased_row_is_found_by_an_index() -> None:
    """Without one, erasing an advert reads a whole table: the databases check each reference."""
    tables, erased = Table.metadata.sorted_tables, {"adverts"}
    for table in tables:  # sorted: what is referred to comes first
        if any(key.column.table.name in erased and not key.parent.nullable for key in table.foreign_keys):
            erased.add(table.name)
    bare = []
    for table in tables:
        constraints = [each for each in table.constraints if hasattr(each, "columns") and len(each.columns)]
        unique = [
            each
            for each in constraints
            if type(each).__name__ in {"PrimaryKeyConstraint", "UniqueConstraint"}
        ]
        leading = {next(iter(each.columns)).name for each in [*table.indexes, *unique]}
        bare += [
            f"{table.name}.{key.parent.name}"
            for key in table.foreign_keys
            if key.column.table.name in erased and key.parent.name not in leading
        ]
    assert bare == []
