"""Who is calling: partners by key, people by session cookie.

Partner keys come as `Authorization: Bearer KEY` or `X-API-Key: KEY`. People sign in by a login
link, which is used up by a form post, so that a mail scanner that follows links signs nobody in.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session
from starlette.requests import Request

from service.errors import ForbiddenError, UnauthenticatedError
from service.review.permissions import Person
from service.store import partners, users
from service.store.audit import Act, append_event
from service.store.partners import Partner
from service.store.tables import PartnerKeyRow, UserRow
from service.tokens import SHOWN, is_well_formed, keyed_hash, make_key

if TYPE_CHECKING:
    from service.assessing import Context

SCOPES = ("score", "read", "feedback", "admin")
COOKIE = "lurewatch_session"
SECURE_COOKIE = "__Host-lurewatch_session"


@dataclass(frozen=True)
class SignedIn:
    """A person in a browser."""

    person: Person
    csrf: str
    """The token every form of this session carries."""


def authenticate(request: Request, context: "Context", scope: str) -> Partner:
    """Give the partner whose key the request carries; raises 401 without one, 403 without the scope."""
    partner = identify(request, context)
    if scope not in partner.scopes:
        raise ForbiddenError(f"this key lacks the scope {scope}")
    return partner


def identify(request: Request, context: "Context") -> Partner:
    """Give the partner whose key the request carries, whatever it may do; raises 401 without one."""
    key = _given_key(request)
    if not is_well_formed(key):
        raise _unauthenticated("send your key as `Authorization: Bearer lw_…`")
    key_hash = keyed_hash(key, pepper=context.pepper, purpose="key")
    partner = context.keys.find(key_hash, at=context.clock())
    if partner is None:
        raise _unauthenticated("this key is not valid; it may have expired or been revoked")
    return partner


def create_key(
    session: Session,
    name: str,
    *,
    pepper: bytes,
    scopes: tuple[str, ...],
    is_test: bool,
    at: datetime,
    expires_at: datetime | None,
) -> tuple[str, PartnerKeyRow]:
    """Issue a key to a partner, adding the partner when it is new; the key itself is given this once."""
    partner = partners.ensure_partner(session, name, at=at)
    key = make_key(is_test=is_test)
    row = partners.record_key(
        session,
        partner,
        beginning=key[:SHOWN],
        key_hash=keyed_hash(key, pepper=pepper, purpose="key"),
        scopes=scopes,
        is_test=is_test,
        at=at,
        expires_at=expires_at,
    )
    append_event(
        session, Act.KEY_CREATED, subject=row.id, actor="operator", at=at, detail={"partner": partner.id}
    )
    return key, row


def make_login_link(session: Session, user: UserRow, *, pepper: bytes, at: datetime, minutes: int) -> str:
    """Give the path of a link that signs this user in once; raises when the user is disabled."""
    if user.disabled_at is not None:
        raise ForbiddenError(f"user {user.name} is disabled")
    token = secrets.token_urlsafe(32)
    users.record_login_link(
        session,
        user,
        token_hash=keyed_hash(token, pepper=pepper, purpose="login"),
        at=at,
        expires_at=at + timedelta(minutes=minutes),
    )
    append_event(session, Act.LOGIN_LINK_MADE, subject=user.id, actor="operator", at=at)
    return f"/console/login/{token}"


def sign_in(session: Session, token: str, *, pepper: bytes, at: datetime, hours: int) -> str | None:
    """Use up a login link and give a fresh session token; None when the link does not hold."""
    user = users.use_login_link(session, keyed_hash(token, pepper=pepper, purpose="login"), at=at)
    if user is None:
        return None
    session_token = secrets.token_urlsafe(32)
    users.record_session(
        session,
        user,
        token_hash=keyed_hash(session_token, pepper=pepper, purpose="session"),
        at=at,
        expires_at=at + timedelta(hours=hours),
    )
    append_event(session, Act.SIGNED_IN, subject=user.id, actor=user.id, at=at)
    return session_token


def signed_in(token: str, session: Session, *, pepper: bytes, at: datetime) -> SignedIn | None:
    """Give the person of a session cookie; None when it does not hold."""
    if not token:
        return None
    user = users.find_session_user(session, keyed_hash(token, pepper=pepper, purpose="session"), at=at)
    return SignedIn(Person.of(user), csrf_token(token, pepper=pepper)) if user else None


def sign_out(session: Session, token: str, *, by: Person, pepper: bytes, at: datetime) -> None:
    """End a session."""
    users.end_session(session, keyed_hash(token, pepper=pepper, purpose="session"), at=at)
    append_event(session, Act.SIGNED_OUT, subject=by.id, actor=by.id, at=at)


def csrf_token(session_token: str, *, pepper: bytes) -> str:
    """Give the token that the forms of one session carry."""
    return keyed_hash(session_token, pepper=pepper, purpose="csrf")


def check_csrf(given: str, expected: str) -> None:
    """Raise `ForbiddenError` when a form does not come from our own page."""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise ForbiddenError("this form is not from your session; reload the page and try again")


def _given_key(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return request.headers.get("x-api-key", "").strip()


def _unauthenticated(detail: str) -> UnauthenticatedError:
    return UnauthenticatedError(detail, headers={"WWW-Authenticate": 'Bearer realm="lurewatch"'})
