"""Alembic's entry point; the connection is handed in by `service.store.migrate`."""

from alembic import context

from service.store.columns import JsonText, UtcDateTime
from service.store.tables import Table

PLAIN: dict[type, str] = {UtcDateTime: "sa.DateTime()", JsonText: "sa.Text()"}


def render_item(kind: str, item: object, _autogen_context: object) -> str | bool:
    """Write our own column types as what they are in the database, so that migrations import nothing."""
    return PLAIN.get(type(item), False) if kind == "type" else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
