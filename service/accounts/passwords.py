"""Passwords: kept as argon2id hashes, long rather than complicated.

Length and no composition rules after NIST SP 800-63B, section 5.1.1.2; the parameters are the library's
(RFC 9106, low-memory profile), and an older hash is made anew at the next sign-in.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import FieldFault, InvalidFieldsError

LEAST = 12
MOST = 200
_HASHER = PasswordHasher()


def check_password(password: str, *, name: str) -> None:
    """Raise `InvalidFieldsError` on a password that is too short, too long, or too easy to guess."""
    fault = None
    if len(password) < LEAST:
        fault = f"a password has at least {LEAST} characters; four words will do"
    elif len(password) > MOST:
        fault = f"a password has at most {MOST} characters"
    elif len(set(password)) < LEAST // 2 or (len(name) > 2 and name.lower() in password.lower()):  # noqa: PLR2004
        fault = "this password is too easy to guess; do not repeat characters, and leave out your name"
    if fault:
        raise InvalidFieldsError(fault, faults=[FieldFault("/password", "weak", fault)])


def hash_password(password: str) -> str:
    """Give the hash to keep."""
    return _HASHER.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Tell whether it is the password; takes as long when there is none to compare with."""
    try:
        _HASHER.verify(kept if kept is not None else _nobodys(), password[: MOST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
