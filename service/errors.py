"""What can go wrong in the service, each with its HTTP status and its exit code.

Every answer that is not a success is `application/problem+json` (RFC 9457) with a `request_id`;
`service.problems` renders it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldFault:
    """One field that cannot be used."""

    pointer: str
    """JSON pointer into the body (RFC 6901); empty for the body as a whole."""
    code: str
    """Stable name of the fault, for example `missing`."""
    detail: str
    """What is wrong, without repeating what was sent."""


class ServiceError(Exception):
    """Anything the service refuses; the message says what and what to do, and quotes nothing sent."""

    exit_code = 2
    status = 500
    slug = "internal-error"
    title = "Internal error"

    def __init__(
        self, detail: str, *, faults: Sequence[FieldFault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


class SettingsError(ServiceError):
    """The deployment is set up wrongly; nothing starts."""


class StoreError(ServiceError):
    """The database is missing, behind or unreachable."""

    status, slug, title = 503, "store-unavailable", "Database unavailable"


class BadRequestError(ServiceError):
    """The request cannot be read at all."""

    status, slug, title = 400, "bad-request", "Unreadable request"


class UnauthenticatedError(ServiceError):
    """No key or session, or one that does not hold."""

    status, slug, title = 401, "unauthenticated", "Authentication needed"


class ForbiddenError(ServiceError):
    """Known, but not allowed to do this."""

    status, slug, title = 403, "forbidden", "Not allowed"


class NotFoundError(ServiceError):
    """There is nothing here for this caller."""

    status, slug, title = 404, "not-found", "Not found"


class MethodNotAllowedError(ServiceError):
    """The address exists, the method does not."""

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class ConflictError(ServiceError):
    """Somebody else was there first, or the item is not in a state for this."""

    exit_code = 1
    status, slug, title = 409, "conflict", "Conflict"


class NeedsSecondLookError(ConflictError):
    """Something may not leave yet, because too few people have looked at it."""

    slug, title = "needs-second-look", "Needs a second look"


class InFlightError(ConflictError):
    """The same request is being answered at this moment; `Retry-After` says when to ask again."""

    slug, title = "in-flight", "Request in flight"


class TooLargeError(ServiceError):
    """The body is larger than we read."""

    status, slug, title = 413, "too-large", "Body too large"


class UnsupportedMediaError(ServiceError):
    """The body is not in a form we read."""

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class RangeError(ServiceError):
    """The part of the file that was asked for does not exist."""

    status, slug, title = 416, "range-not-satisfiable", "No such part"


class InvalidFieldsError(ServiceError):
    """The body is readable, some field is not usable; `faults` names each."""

    status, slug, title = 422, "validation", "Invalid fields"


class KeyReusedError(ServiceError):
    """An `Idempotency-Key` that was used for another request."""

    status, slug, title = 422, "idempotency-key-reused", "Idempotency-Key used before"


class RateLimitedError(ServiceError):
    """Too many requests; `Retry-After` says when to come back."""

    status, slug, title = 429, "rate-limited", "Too many requests"


class InputError(ServiceError):
    """A file that was handed to a command cannot be read as what it should be."""


class ShortfallError(ServiceError):
    """The work was done, but something fell short; the message counts it."""

    exit_code = 1


BY_STATUS: dict[int, type[ServiceError]] = {
    kind.status: kind
    for kind in (
        BadRequestError,
        UnauthenticatedError,
        ForbiddenError,
        NotFoundError,
        MethodNotAllowedError,
        ConflictError,
        TooLargeError,
        UnsupportedMediaError,
        InvalidFieldsError,
        RateLimitedError,
        StoreError,
    )
}
"""Status → the error that stands for it; what a framework raises by number is told by these names."""
