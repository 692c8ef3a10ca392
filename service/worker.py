"""What the service does between requests: bulk jobs, webhooks, alerts, the daily set, and erasing what is due.

One thread each, inside every process of `lurewatch serve` or alone as `lurewatch work`. Any number
may run at the same time: a job belongs to whoever holds its lock, a webhook to whoever claimed it.
A shadow runs in `lurewatch work` alone, so that it never shares a processor's turn with an answer.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from threading import Event, Thread
from time import monotonic

from service.alerting import tell_waiting
from service.assessing import Context
from service.daily import ask_daily
from service.jobs.running import run_job
from service.logs import get_logger, where_it_broke
from service.retention import erase_due
from service.shadow import Shadow
from service.store import jobs
from service.webhooks.delivering import Courier

WEBHOOKS_S, JOBS_S, SHADOW_S, ALERTS_S, DAILY_S, ERASING_S = 0.5, 1.0, 2.0, 60.0, 600.0, 3600.0
"""Seconds between two looks."""
TURN_S = 10.0
"""Seconds for which a partner's job is worked on before the next partner has its turn."""
PAUSE_S = 5.0
"""Seconds of rest after something broke, for example the database."""


class Worker:
    """The threads of one process."""

    def __init__(self, context: Context, *, shadow: Shadow | None = None) -> None:
        self._context = context
        self._stopping = Event()
        self._courier = Courier(context)
        self._threads = [
            self._thread("webhooks", WEBHOOKS_S, self._courier.deliver_due),
            self._thread("jobs", JOBS_S, self._run_jobs),
            self._thread("alerts", ALERTS_S, lambda: tell_waiting(context)),
            self._thread("daily set", DAILY_S, lambda: ask_daily(context)),
            self._thread("erasing", ERASING_S, lambda: erase_due(context, is_stopping=self._stopping.is_set)),
        ]
        if shadow is not None:
            score = partial(shadow.score_waiting, is_stopping=self._stopping.is_set)
            self._threads.append(self._thread("shadow", SHADOW_S, score))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is in hand, a handful of a job or a webhook under way, and stop."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._courier.close()

    def ask_to_stop(self) -> None:
        """Make `wait` return; `stop` then ends the threads."""
        self._stopping.set()

    def wait(self) -> None:
        """Wait until somebody else stops the worker."""
        self._stopping.wait()

    def _run_jobs(self) -> None:
        """Give each partner's jobs a turn: in each round one of every partner, however many it has sent."""
        for number in count():
            with self._context.database.reading() as session:
                waiting = jobs.list_unfinished(session)
            if self._stopping.is_set() or number >= max(map(len, waiting), default=0):
                return
            for own in waiting:
                is_over = partial(self._is_turn_over, monotonic() + TURN_S)
                run_job(self._context, own[number % len(own)], is_stopping=is_over)

    def _is_turn_over(self, at: float) -> bool:
        return self._stopping.is_set() or monotonic() > at

    def _thread(self, name: str, every_s: float, work: Callable[[], object]) -> Thread:
        def loop() -> None:
            while not self._stopping.is_set():
                pause = every_s
                try:
                    work()
                except Exception as error:  # noqa: BLE001 - tomorrow is another day
                    pause = PAUSE_S
                    kind = type(error).__name__
                    get_logger().error("worker failed", work=name, error=kind, trace=where_it_broke(error))
                self._stopping.wait(pause)

        return Thread(target=loop, name=f"worker-{name}", daemon=True)


def drain(context: Context, *, shadow: Shadow | None = None) -> dict[str, int]:
    """Do everything that is due now and stop; gives how much of each was done."""
    courier = Courier(context)
    try:
        with context.database.reading() as session:
            waiting = jobs.list_unfinished(session)
        n_jobs = sum(run_job(context, job_id) for own in waiting for job_id in own)
        asked = ask_daily(context)
        n_told = tell_waiting(context)
        return {
            "jobs": n_jobs,
            "webhooks": courier.drain(),
            "told": n_told,
            "asked": asked.n_asked if asked.is_new else 0,
            "erased": erase_due(context),
            "shadow": shadow.score_waiting() if shadow else 0,
        }
    finally:
        courier.close()
