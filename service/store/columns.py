"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; a moment without a zone is refused, because nobody can say when it was."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store the moment as UTC without zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored moment needs a time zone"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back with its zone."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class WrittenJson(str):
    """JSON that a record wrote itself; stored as it is, because writing it twice costs more than storing it."""

    __slots__ = ()


class JsonText(TypeDecorator[Any]):
    """JSON kept as text: PostgreSQL's own type refuses the NUL characters that adverts do contain."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value as JSON, the same bytes for the same value."""
        del dialect
        if isinstance(value, WrittenJson):
            return str(value)
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the value back."""
        del dialect
        return None if value is None else json.loads(value)


def canonical_json(value: Any) -> str:
    """Write a JSON value in the one form that digests are taken of."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def storable(value: str | None, *, limit: int = 2000) -> str | None:
    """Give a text that any database column takes: no NUL, no lone surrogate, at most `limit` characters."""
    if value is None:
        return None
    return value[:limit].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
