"""Identifiers that sort by time and cannot be guessed: a prefix, 48 bits of clock, 80 of chance."""

import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, *, at: datetime) -> str:
    """Give a fresh id such as `asm_01jd…`: later ids sort after earlier ones, to the millisecond."""
    number = (int(at.timestamp() * 1000) << 80) | secrets.randbits(80)
    letters = [ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(letters)}"


def utc_now() -> datetime:
    """Give the present moment in UTC; passed in wherever time matters."""
    return datetime.now(tz=UTC)
