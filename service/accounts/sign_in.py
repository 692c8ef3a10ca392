"""Signing in by name, password and code; setting them; and what stops guessing.

Refused tries are written to the audit log and counted there, so that every process and every restart
counts alike. A name nobody has is counted and takes as long as one that somebody has.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.accounts import passwords, second_factor
from service.errors import ConflictError, FieldFault, InvalidFieldsError, RateLimitedError
from service.review.permissions import Person, Role
from service.store import credentials, users
from service.store.audit import Act, append_event
from service.store.tables import CredentialRow, UserRow
from service.tokens import keyed_hash

MOST_TRIES = 5
WINDOW = timedelta(minutes=15)
NEED_SECOND_FACTOR = frozenset({Role.LEAD, Role.ADMIN})
"""Roles that cannot sign in by password alone."""


def sign_in_by_password(
    session: Session, *, name: str, password: str, code: str, pepper: bytes, at: datetime, hours: int
) -> str | None:
    """Give a fresh session token; None when anything is wrong, which is then on record.

    Raises `RateLimitedError` after too many refused tries.
    """
    subject = "sign_in_" + keyed_hash(name.strip().lower(), pepper=pepper, purpose="sign-in")[:32]
    if credentials.count_refused(session, subject, since=at - WINDOW) >= MOST_TRIES:
        raise RateLimitedError(
            f"too many tries; wait {WINDOW.seconds // 60} minutes, or ask for a login link",
            headers={"Retry-After": str(WINDOW.seconds)},
        )
    user = users.find_user(session, name.strip())
    credential = credentials.find_credential(session, user.id, lock=True) if user else None
    fits = passwords.verify_password(credential.password_hash if credential else None, password)
    if (
        not fits
        or user is None
        or credential is None
        or user.disabled_at is not None
        or not _second_factor_fits(session, credential, user, code, pepper=pepper, at=at)
    ):
        append_event(session, Act.SIGN_IN_REFUSED, subject=subject, actor="anybody", at=at)
        return None
    if passwords.is_outdated(credential.password_hash):
        credential.password_hash = passwords.hash_password(password)
    token = secrets.token_urlsafe(32)
    users.record_session(
        session,
        user,
        token_hash=keyed_hash(token, pepper=pepper, purpose="session"),
        at=at,
        expires_at=at + timedelta(hours=hours),
    )
    append_event(session, Act.SIGNED_IN, subject=user.id, actor=user.id, at=at, detail={"by": "password"})
    return token


def set_password(
    session: Session, *, by: Person, new: str, old: str, session_token: str, pepper: bytes, at: datetime
) -> None:
    """Set or change a person's own password; every other session of theirs ends."""
    passwords.check_password(new, name=by.name)
    credential = credentials.find_credential(session, by.id, lock=True)
    if credential is None:
        session.add(
            CredentialRow(
                user_id=by.id, password_hash=passwords.hash_password(new), last_totp_step=0, changed_at=at
            )
        )
    else:
        if not passwords.verify_password(credential.password_hash, old):
            raise _fault("old", "the password you have now is not this one")
        credential.password_hash, credential.changed_at = passwords.hash_password(new), at
    credentials.end_other_sessions(
        session, by.id, but=keyed_hash(session_token, pepper=pepper, purpose="session"), at=at
    )
    append_event(session, Act.PASSWORD_SET, subject=by.id, actor=by.id, at=at)


def begin_second_factor(session: Session, *, by: Person, pepper: bytes) -> str:
    """Give a secret for the person's app; nothing asks for its codes until one of them was typed back."""
    credential = _own(session, by)
    if credential.totp_confirmed_at is not None:
        raise ConflictError("you have a second factor already; an operator can take it away")
    secret = second_factor.make_secret()
    credential.sealed_totp = second_factor.seal(secret, pepper=pepper)
    return secret


def confirm_second_factor(
    session: Session, *, by: Person, code: str, pepper: bytes, at: datetime
) -> tuple[str, ...]:
    """Turn the second factor on with a first code; gives the recovery codes, to be shown this once."""
    credential = _own(session, by)
    secret = second_factor.unseal(credential.sealed_totp, pepper=pepper) if credential.sealed_totp else None
    if secret is None or credential.totp_confirmed_at is not None:
        raise ConflictError("begin with a new second factor first")
    step = second_factor.find_step(secret, code, at=at, after=credential.last_totp_step)
    if step is None:
        raise _fault("code", "this code is not right; check the clock of your phone")
    credential.totp_confirmed_at, credential.last_totp_step = at, step
    append_event(session, Act.SECOND_FACTOR_SET, subject=by.id, actor=by.id, at=at)
    return second_factor.recovery_codes(secret, pepper=pepper)


def remove_second_factor(session: Session, user: UserRow, *, at: datetime) -> None:
    """Take a lost second factor away; every session of the person ends, and a new one can be set up."""
    credential = credentials.find_credential(session, user.id, lock=True)
    if credential is None or credential.sealed_totp is None:
        raise ConflictError(f"{user.name} has no second factor")
    credential.sealed_totp = credential.totp_confirmed_at = None
    credentials.end_other_sessions(session, user.id, but="", at=at)
    append_event(session, Act.SECOND_FACTOR_REMOVED, subject=user.id, actor="operator", at=at)


def _second_factor_fits(
    session: Session, credential: CredentialRow, user: UserRow, code: str, *, pepper: bytes, at: datetime
) -> bool:
    if credential.totp_confirmed_at is None:
        return Role(user.role) not in NEED_SECOND_FACTOR
    secret = second_factor.unseal(credential.sealed_totp or "", pepper=pepper)
    if secret is None:
        return False
    step = second_factor.find_step(secret, code, at=at, after=credential.last_totp_step)
    if step is not None:
        credential.last_totp_step = step
        return True
    number = second_factor.find_recovery_code(secret, code, pepper=pepper)
    used = credentials.used_recovery_codes(session, user.id, since=credential.totp_confirmed_at)
    if number is None or number in used:
        return False
    detail = {"number": number}
    append_event(session, Act.RECOVERY_CODE_USED, subject=user.id, actor=user.id, at=at, detail=detail)
    return True


def _own(session: Session, by: Person) -> CredentialRow:
    credential = credentials.find_credential(session, by.id, lock=True)
    if credential is None:
        raise ConflictError("set a password first")
    return credential


def _fault(name: str, detail: str) -> InvalidFieldsError:
    return InvalidFieldsError(detail, faults=[FieldFault(f"/{name}", "wrong", detail)])
