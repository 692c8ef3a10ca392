"""`Idempotency-Key`: a POST that is sent again gets the answer of the first time and does nothing more.

After draft-ietf-httpapi-idempotency-key-header: same key and same request, same answer, marked
`Idempotent-Replayed: true`; same key and another request, 422; first one still at work, 409. Keys
belong to a partner and are forgotten after a day. Kept bodies are sealed with the service's secret,
because they hold what the partner sent and sometimes a secret of its own.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from service.auth import identify
from service.errors import BadRequestError, ConflictError, ServiceError
from service.problems import respond
from service.store import answers
from service.store.answers import Ask, Kept
from service.store.partners import Partner
from service.tokens import keyed_hash

if TYPE_CHECKING:
    from service.assessing import Context

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("content-type", "location", "etag")
NEVER_KEPT = frozenset({401, 403, 409, 413, 415, 429})
"""Refused before any work was done: the same request may fare better later."""


class IdempotentRoute(APIRoute):
    """A route whose POST may be sent again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's handler."""
        handler = super().get_route_handler()

        async def once(request: Request) -> Response:
            if request.method != "POST" or HEADER not in request.headers:
                return await handler(request)
            context: Context = request.app.state.context
            partner = await run_in_threadpool(identify, request, context)
            key = check_key(request.headers[HEADER])
            ask = ask_of(request, await request.body(), key=key, partner=partner)
            kept = await run_in_threadpool(_take, context, ask)
            if kept is not None:
                return replay(kept, context)
            try:
                response = await _answered(handler, request)
            except BaseException:
                await run_in_threadpool(_give_up, context, ask)
                raise
            return await run_in_threadpool(_keep, context, ask, response)

        return once


def check_key(key: str) -> str:
    """Give the key; raises 400 when it is none."""
    if not KEY.fullmatch(key):
        raise BadRequestError(f"{HEADER} must be 1 to 255 visible ASCII characters, for example a UUID")
    return key


def ask_of(request: Request, body: bytes | str, *, key: str, partner: Partner) -> Ask:
    """Give what is asked; what a test key was answered is never the answer to a live one."""
    if partner.is_test:
        key = "test " + hashlib.sha256(key.encode()).hexdigest()
    return Ask(partner.id, key, fingerprint(request, body, partner=partner))


def fingerprint(request: Request, body: bytes | str, *, partner: Partner) -> str:
    """Give the digest that tells one request from another; a long body may be given as its own digest.

    What the key may do is part of it, so that a weaker key of the same partner is not told what it
    could not have asked for.
    """
    scopes = " ".join(sorted(partner.scopes))
    said = f"{request.method} {request.url.path}?{request.url.query}\n{scopes}\n".encode()
    return hashlib.sha256(said + (body.encode() if isinstance(body, str) else body)).hexdigest()


def seal(body: bytes, *, pepper: bytes) -> str:
    """Encrypt a body for keeping."""
    return _cipher(pepper).encrypt(body).decode()


def replay(kept: Kept, context: "Context") -> Response:
    """Give a kept answer again."""
    try:
        body = _cipher(context.pepper).decrypt(kept.sealed_body)
    except InvalidToken:
        raise ConflictError(
            "the answer kept for this Idempotency-Key can no longer be read; use a new key"
        ) from None
    headers = {**kept.headers, "Idempotent-Replayed": "true"}
    return Response(body, status_code=kept.status, headers=headers)


async def _answered(
    handler: Callable[[Request], Coroutine[Any, Any, Response]], request: Request
) -> Response:
    try:
        return await handler(request)
    except ServiceError as error:
        return respond(error, request)


def _take(context: "Context", ask: Ask) -> Kept | None:
    with context.database.writing() as session:
        return answers.take(session, ask, at=context.clock())


def _give_up(context: "Context", ask: Ask) -> None:
    with context.database.writing() as session:
        answers.give_up(session, ask)


def _keep(context: "Context", ask: Ask, response: Response) -> Response:
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in NEVER_KEPT:
        _give_up(context, ask)
        return response
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    own = Kept(status, seal(bytes(response.body), pepper=context.pepper), headers)
    with context.database.writing() as session:
        standing = answers.keep(session, ask, own, at=context.clock())
    return response if standing is own else replay(standing, context)


def _cipher(pepper: bytes) -> Fernet:
    digest = bytes.fromhex(keyed_hash("kept answers", pepper=pepper, purpose="seal"))
    return Fernet(base64.urlsafe_b64encode(digest))
