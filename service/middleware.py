"""What happens to every request, whatever it asks for: id, size limit, security headers, log line, metrics.

Plain ASGI, outermost first: `RequestFrame` (id, log, metrics, headers, last resort for what nobody
caught), then `BodyLimit`.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from service.errors import BadRequestError, ServiceError, TooLargeError
from service.logs import get_logger, where_it_broke
from service.metrics import Metrics
from service.problems import MEDIA_TYPE, problem
from service.store.ids import new_id, utc_now

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
"""What a caller may choose as `X-Request-Id`; anything else is replaced, so that logs stay clean."""

CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere: a page can neither run an advert's script nor call its hosts."""

SECURITY_HEADERS = (
    (b"content-security-policy", CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"x-dns-prefetch-control", b"off"),
)


class RequestFrame:
    """Gives each request its id, log line, metrics and headers; turns a crash into a 500 problem."""

    def __init__(self, app: App, *, metrics: Metrics, https: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.extra: tuple[tuple[bytes, bytes], ...] = SECURITY_HEADERS
        if https:
            self.extra += ((b"strict-transport-security", b"max-age=31536000"),)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = time.perf_counter()
        status = 0

        async def framed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(message.get("headers", ()), request_id) + _left(scope)
            await send(message)

        try:
            await self.app(scope, receive, framed_send)
        except Exception as error:  # noqa: BLE001 - the last resort
            get_logger().error(
                "request crashed",
                request_id=request_id,
                error=type(error).__name__,
                trace=where_it_broke(error),
            )
            if status:
                raise ConnectionAbortedError("the answer broke off; the log says where") from None
            await send_problem(ServiceError("we failed; the request id leads us to it"), scope, framed_send)
        finally:
            self._note(scope, status=status, seconds=time.perf_counter() - begun, request_id=request_id)

    def _headers(self, headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
        given = {name for name, _ in headers}
        added = [(name, value) for name, value in self.extra if name not in given]
        return [*headers, *added, (b"x-request-id", request_id.encode())]

    def _note(self, scope: Scope, *, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.observe_request(scope["method"], route, status, seconds)
        if route in {"/livez", "/readyz", "/metrics"}:
            return
        get_logger().info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )


class BodyLimit:
    """Answers 413 to a body over the limit, before it is read when its length is told, else while it is.

    A body whose end is told in two ways is a 400, and the connection is closed.
    """

    def __init__(self, app: App, *, limit: int, exceptions: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.exceptions = exceptions or {}
        """Path → limit, for addresses that take more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.exceptions.get(scope["path"].rstrip("/"), self.limit)
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"")
        if told and b"transfer-encoding" in headers:  # a proxy may have read another end (RFC 9112, 6.1)
            error = BadRequestError("a body has a length or comes in chunks, not both")
            await send_problem(error, scope, send)
            return
        if told.isdigit() and int(told) > limit:
            await send_problem(too_large(limit), scope, send)
            return
        n_read = 0

        async def counted_receive() -> Message:
            nonlocal n_read
            message = await receive()
            n_read += len(message.get("body", b""))
            if n_read > limit:
                raise too_large(limit)
            return message

        await self.app(scope, counted_receive, send)


def too_large(limit: int) -> TooLargeError:
    """Give the 413 of a body over the limit."""
    return TooLargeError(f"the body is over {limit} bytes; send fewer or shorter adverts at once")


def _left(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Give the headers that something on the way left for the answer, such as `api.deprecation`."""
    left: Mapping[str, str] = scope.get("state", {}).get("extra_headers", {})
    return [(name.lower().encode(), value.encode()) for name, value in left.items()]


async def send_problem(error: ServiceError, scope: Scope, send: Send) -> None:
    """Answer with a problem from outside the app."""
    body = problem(error, instance=scope["path"], request_id=scope.get("state", {}).get("request_id", ""))
    encoded = json.dumps(body).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(encoded)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": encoded})


def _request_id(scope: Scope) -> str:
    given: bytes = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else new_id("req", at=utc_now())
