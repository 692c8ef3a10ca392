"""Works through the outbox: takes what is due, sends it, writes down how it went.

A message taken by a process that dies is due again when its lease is over, under the same id:
endpoints get every message at least once and tell repeats by `webhook-id`.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

from httpcore2 import ConnectionPool

from service.assessing import Context
from service.logs import get_logger
from service.store import outbox
from service.store.outbox import Due
from service.webhooks.guard import make_pool
from service.webhooks.sending import GONE, TIMEOUT_S, Attempt, send

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""From each failed attempt to the next, as Standard Webhooks proposes; ten attempts in about three days."""
LEASE = timedelta(seconds=2 * TIMEOUT_S)
AT_ONCE = 8
IN_A_ROW = 50
"""Messages sent to one endpoint before its thread is free for another."""


class Courier:
    """Delivers the outbox of one database."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pool: ConnectionPool = make_pool(
            total_s=TIMEOUT_S, allow_private=context.settings.webhooks_to_private
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")
        self._under_way: dict[str, Future[int]] = {}
        self._closing = Event()

    def deliver_due(self) -> int:
        """Begin to send what is due, as far as threads are free; gives to how many endpoints."""
        self._under_way = {endpoint: one for endpoint, one in self._under_way.items() if not one.done()}
        free = AT_ONCE - len(self._under_way)
        at = self._context.clock()
        with self._context.database.reading() as session:
            if not free or not outbox.has_due(session, at=at):
                return 0
        with self._context.database.writing() as session:
            taken = outbox.claim_due(session, at=at, lease=LEASE, limit=free, busy=self._under_way.keys())
        for due in taken:
            self._under_way[due.endpoint_id] = self._threads.submit(self._serve, due)
        return len(taken)

    def drain(self) -> int:
        """Send until nothing is due any more; gives how many attempts that took."""
        n_attempts = 0
        while self.deliver_due():
            n_attempts += sum(one.result() for one in self._under_way.values())
        return n_attempts

    def close(self) -> None:
        """Finish what is under way, then let go of threads and connections."""
        self._closing.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.close()

    def _serve(self, due: Due) -> int:
        """Send an endpoint what is due to it, one after the other; gives how many attempts that took."""
        self._attempt(due)
        n_attempts = 1
        while n_attempts < IN_A_ROW and not self._closing.is_set():
            with self._context.database.writing() as session:
                at = self._context.clock()
                following = outbox.claim_next(session, due.endpoint_id, at=at, lease=LEASE)
            if following is None:
                break
            self._attempt(following)
            n_attempts += 1
        return n_attempts

    def _attempt(self, due: Due) -> None:
        context = self._context
        attempt = send(self._pool, due, at=context.clock(), pepper=context.pepper)
        at = context.clock()
        with context.database.writing() as session:
            outbox.record_attempt(
                session,
                due,
                at=at,
                status=attempt.status,
                fault=attempt.fault,
                ms=attempt.ms,
                next_at=next_attempt(due.n_attempts, attempt, at=at),
            )
            if attempt.status == GONE:
                outbox.switch_off(session, due.endpoint_id, because="it answered 410", at=at)
        get_logger().info(
            "webhook",
            message=due.message_id,
            endpoint=due.endpoint_id,
            status=attempt.status,
            fault=attempt.fault,
            ms=attempt.ms,
        )


def next_attempt(n_before: int, attempt: Attempt, *, at: datetime) -> datetime | None:
    """Give when to try again after a failed attempt; None when there is no further one."""
    if attempt.fault is None or attempt.status == GONE or n_before >= len(WAITS):
        return None
    return at + max(WAITS[n_before], timedelta(seconds=attempt.retry_after_s))
