"""Identifiers that sort by time and cannot be guessed: a prefix, 48 bits of clock, 80 of chance."""

import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, *, at: datetime) -> str:
    """Give a fresh id such as `asm_01jd…`: later ids sort after earlier ones, to the millisecond."""
    return _written(prefix, at=at, chance=secrets.randbits(80))


def first_id(prefix: str, *, at: datetime) -> str:
    """Give the id before which every id sorts that was made before this moment."""
    return _written(prefix, at=at, chance=0)


def utc_now() -> datetime:
    """Give the present moment in UTC; passed in wherever time matters."""
    return datetime.now(tz=UTC)


def _written(prefix: str, *, at: datetime, chance: int) -> str:
    number = (int(at.timestamp() * 1000) << 80) | chance
    letters = [ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(letters)}"
