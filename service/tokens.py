"""Keys and tokens: made here, shown once, known afterwards only by a keyed hash.

A partner's key is `lw_live_` or `lw_test_`, 43 letters and digits (256 bits of chance) and six
more that check them, so that a typing error is told without a look-up and secret scanners can
recognise a key that leaked.
"""

import hashlib
import hmac
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY_PATTERN = re.compile(r"lw_(live|test)_[0-9A-Za-z]{43}[0-9A-Za-z]{6}")
SHOWN = 12
"""How many characters of a key stay readable, to tell keys apart."""


def make_key(*, is_test: bool = False) -> str:
    """Make a partner's key."""
    start = f"lw_{'test' if is_test else 'live'}_" + _base62(secrets.randbits(256), width=43)
    return start + _checksum(start)


def is_well_formed(key: str) -> bool:
    """Tell whether a key has the right shape and checksum; says nothing about whether it was issued."""
    return bool(KEY_PATTERN.fullmatch(key)) and hmac.compare_digest(key[-6:], _checksum(key[:-6]))


def keyed_hash(token: str, *, pepper: bytes, purpose: str) -> str:
    """Give the hash a token is stored and looked up under; one purpose's hashes fit no other."""
    return hmac.new(pepper, f"{purpose}\x1f{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()), width=6)


def _base62(number: int, *, width: int) -> str:
    letters = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))
