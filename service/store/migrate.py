"""Brings a database to the version this code needs, and tells whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import StoreError
from service.store.database import Database

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> tuple[str | None, str]:
    """Apply every migration that is missing; gives the version before and after."""
    before = current(database)
    with database.engine.execution_options(writing=True).begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, wanted()


def current(database: Database) -> str | None:
    """Give the version the database has; None when it was never migrated."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def wanted() -> str:
    """Give the version this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        message = f"{SCRIPTS}: holds no migration"
        raise StoreError(message)
    return head


def check_current(database: Database) -> None:
    """Raise `StoreError` when the database is not at the version this code needs."""
    found = current(database)
    if found != wanted():
        raise StoreError(
            f"the database is at {found or 'no version'}, this needs {wanted()}; run `lurewatch migrate`"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    return config
