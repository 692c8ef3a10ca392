"""Announces the end of an address, months ahead: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and where to read on.

Give a route `deprecated=True`, which OpenAPI shows, and `dependencies=[Depends(Deprecated(…))]`, which
every answer of it shows, refusals too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.requests import Request

NOTICE = timedelta(days=180)
"""The least time between the announcement and the end."""


@dataclass(frozen=True)
class Deprecated:
    """Tells callers of a route that it will end, and where to go."""

    since: datetime
    sunset: datetime
    read_on: str
    """Address of the words about it."""

    def __post_init__(self) -> None:
        """Raise `ValueError` when the end is too near."""
        if self.sunset - self.since < NOTICE:
            message = f"a deprecated route lives for {NOTICE.days} days at least"
            raise ValueError(message)

    def __call__(self, request: Request) -> None:
        """Leave the headers for the answer, whoever builds it."""
        request.state.extra_headers = self.headers

    @property
    def headers(self) -> dict[str, str]:
        """Give the three headers."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.sunset.astimezone(UTC), usegmt=True),
            "Link": f'<{self.read_on}>; rel="deprecation"; type="text/html"',
        }
