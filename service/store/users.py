"""Console users, their login links and their sessions; tokens are known only by their hash."""

import secrets
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.store.ids import new_id
from service.store.tables import LoginLinkRow, SessionRow, UserRow

BIRDS = (
    "avocet", "bulbul", "curlew", "dipper", "egret", "francolin", "godwit", "heron", "ibis", "jacana",
    "kestrel", "lapwing", "myna", "noddy", "oriole", "plover", "quail", "redshank", "stilt", "tern",
    "umbrette", "vireo", "wagtail", "whimbrel", "wren",
)  # fmt: skip


def add_user(session: Session, name: str, *, role: str, at: datetime) -> UserRow:
    """Add a person under a fresh pseudonym; raises `ConflictError` when the name is taken."""
    if find_user(session, name) is not None:
        raise ConflictError(
            f"there is a user {name} already; `lurewatch users link {name}` gives a login link"
        )
    row = UserRow(id=new_id("usr", at=at), name=name, pseudonym=_pseudonym(session), role=role, created_at=at)
    session.add(row)
    session.flush()
    return row


def find_user(session: Session, name: str) -> UserRow | None:
    """Give the user of that name, disabled or not."""
    return session.scalars(select(UserRow).where(UserRow.name == name)).one_or_none()


def get_user(session: Session, name: str) -> UserRow:
    """Give the user of that name; raises `NotFoundError`."""
    row = find_user(session, name)
    if row is None:
        raise NotFoundError(f"no user {name}; `lurewatch users list` names them")
    return row


def list_users(session: Session) -> list[UserRow]:
    """Give every user, oldest first."""
    return list(session.scalars(select(UserRow).order_by(UserRow.id)))


def pseudonyms(session: Session) -> dict[str, str]:
    """Give user id → pseudonym."""
    return {user.id: user.pseudonym for user in session.scalars(select(UserRow))}


def disable_user(session: Session, user: UserRow, *, at: datetime) -> None:
    """Shut a person out: no new sign-in, and every open session and link ends now."""
    user.disabled_at = at
    session.execute(
        update(SessionRow)
        .where(SessionRow.user_id == user.id, SessionRow.ended_at.is_(None))
        .values(ended_at=at)
    )
    session.execute(
        update(LoginLinkRow)
        .where(LoginLinkRow.user_id == user.id, LoginLinkRow.used_at.is_(None))
        .values(used_at=at)
    )


def record_login_link(
    session: Session, user: UserRow, *, token_hash: str, at: datetime, expires_at: datetime
) -> None:
    """Keep a new login link."""
    session.add(LoginLinkRow(token_hash=token_hash, user_id=user.id, created_at=at, expires_at=expires_at))
    session.flush()


def use_login_link(session: Session, token_hash: str, *, at: datetime) -> UserRow | None:
    """Use up a login link and give its user; None when it does not hold (any more)."""
    used = session.execute(
        update(LoginLinkRow)
        .where(
            LoginLinkRow.token_hash == token_hash,
            LoginLinkRow.used_at.is_(None),
            LoginLinkRow.expires_at > at,
        )
        .values(used_at=at)
        .returning(LoginLinkRow.user_id)
    ).scalar_one_or_none()
    user = session.get(UserRow, used) if used else None
    return user if user is not None and user.disabled_at is None else None


def record_session(
    session: Session, user: UserRow, *, token_hash: str, at: datetime, expires_at: datetime
) -> None:
    """Keep a new browser session."""
    session.add(SessionRow(token_hash=token_hash, user_id=user.id, created_at=at, expires_at=expires_at))
    session.flush()


def find_session_user(session: Session, token_hash: str, *, at: datetime) -> UserRow | None:
    """Give the user of a session that still holds."""
    return session.scalars(
        select(UserRow)
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(
            SessionRow.token_hash == token_hash,
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > at,
            UserRow.disabled_at.is_(None),
        )
    ).one_or_none()


def end_session(session: Session, token_hash: str, *, at: datetime) -> None:
    """End one session."""
    session.execute(
        update(SessionRow)
        .where(SessionRow.token_hash == token_hash, SessionRow.ended_at.is_(None))
        .values(ended_at=at)
    )


def _pseudonym(session: Session) -> str:
    taken = set(session.scalars(select(UserRow.pseudonym)))
    free = [bird for bird in BIRDS if bird not in taken]
    if free:
        return secrets.choice(free)
    n_users = session.scalar(select(func.count()).select_from(UserRow)) or 0
    return f"{secrets.choice(BIRDS)}-{n_users + 1}"
