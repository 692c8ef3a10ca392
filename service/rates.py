"""How much each partner may send: adverts per minute, counted over all of its keys.

An advert sent live costs one; in a bulk job four cost one, because a job's adverts are scored and stored together
for about a quarter of the work. Jobs take from the same minute while more than half of it is left: the last half
is for live calls alone, and a job goes on in the next minute.

Counts live in this process, or in Redis when several processes share them. A Redis that does not
answer lets requests through, because a limit guards the service and must not be what stops it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from service.errors import RateLimitedError, SettingsError
from service.logs import get_logger

WINDOW_S = 60
POLICY = "adverts"
JOB_ADVERTS_PER_ONE = 4


@dataclass(frozen=True)
class Allowance:
    """What a partner has left in the running minute."""

    quota: int
    remaining: int
    reset_s: int
    """Seconds until the next minute begins."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Give it as `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{POLICY}";r={self.remaining};t={self.reset_s}',
        }


class RateLimits:
    """Counts what partners send and refuses what is too much."""

    def __init__(self, *, per_minute: int, redis_url: str | None = None) -> None:
        self._quota = per_minute
        self._item = RateLimitItemPerMinute(max(1, per_minute))
        self._for_live = per_minute // 2
        try:
            storage = storage_from_string(redis_url or "memory://", wrap_exceptions=True)
        except (ConfigurationError, ValueError):
            raise SettingsError(
                "LUREWATCH_REDIS_URL cannot be used; write redis://HOST:PORT and install lurewatch[scale]"
            ) from None
        self._limiter = FixedWindowRateLimiter(storage)

    def take(self, partner_id: str, *, cost: int) -> Mapping[str, str]:
        """Count `cost` adverts and give the headers that say what is left; raises 429 when it is too much.

        What is refused is not counted.
        """
        if not self._quota:
            return {}
        try:
            return self._take(partner_id, cost).headers
        except StorageError:
            get_logger().error("rate limits are off", reason="Redis does not answer")
            return {}

    def take_for_job(self, partner_id: str, *, n_adverts: int) -> bool:
        """Count some adverts of a job; tells whether they may be scored now, counting nothing when they may not."""
        if not self._quota:
            return True
        cost = ceil(n_adverts / JOB_ADVERTS_PER_ONE)
        try:
            return self._limiter.test(
                self._item, partner_id, cost=cost + self._for_live
            ) and self._limiter.hit(self._item, partner_id, cost=cost)
        except StorageError:
            get_logger().error("rate limits are off", reason="Redis does not answer")
            return True

    def _take(self, partner_id: str, cost: int) -> Allowance:
        allowed = self._limiter.test(self._item, partner_id, cost=cost)
        if allowed:
            self._limiter.hit(self._item, partner_id, cost=cost)
        stats = self._limiter.get_window_stats(self._item, partner_id)
        reset_s = min(WINDOW_S, max(1, ceil(stats.reset_time - time.time())))
        allowance = Allowance(self._quota, max(0, stats.remaining), reset_s)
        if not allowed:
            raise RateLimitedError(
                f"{allowance.remaining} of {self._quota} adverts are left in this minute and {cost} were sent; "
                f"come back in {reset_s} seconds",
                headers={**allowance.headers, "Retry-After": str(reset_s)},
            )
        return allowance
