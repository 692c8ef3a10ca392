"""What the service does between requests: bulk jobs, webhooks, and erasing what is due.

One thread each, inside every process of `lurewatch serve` or alone as `lurewatch work`. Any number
may run at the same time: a job belongs to whoever holds its lock, a webhook to whoever claimed it.
"""

from collections.abc import Callable
from threading import Event, Thread

from service.assessing import Context
from service.jobs.running import run_job
from service.logs import get_logger, where_it_broke
from service.retention import erase_due
from service.store import jobs
from service.webhooks.delivering import Courier

WEBHOOKS_S, JOBS_S, ERASING_S = 0.5, 1.0, 3600.0
"""Seconds between two looks."""
PAUSE_S = 5.0
"""Seconds of rest after something broke, for example the database."""


class Worker:
    """The threads of one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopping = Event()
        self._courier = Courier(context)
        self._threads = [
            self._thread("webhooks", WEBHOOKS_S, self._courier.deliver_due),
            self._thread("jobs", JOBS_S, self._run_jobs),
            self._thread("erasing", ERASING_S, lambda: erase_due(context, is_stopping=self._stopping.is_set)),
        ]

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

    def _run_jobs(self) -> int:
        with self._context.database.reading() as session:
            waiting = jobs.list_unfinished(session)
        n_ended = 0
        for job_id in waiting:
            if not self._stopping.is_set():
                n_ended += run_job(self._context, job_id, is_stopping=self._stopping.is_set)
        return n_ended

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


def drain(context: Context) -> dict[str, int]:
    """Do everything that is due now and stop; gives how much of each was done."""
    courier = Courier(context)
    try:
        with context.database.reading() as session:
            waiting = jobs.list_unfinished(session)
        n_jobs = sum(run_job(context, job_id) for job_id in waiting)
        return {"jobs": n_jobs, "webhooks": courier.drain(), "erased": erase_due(context)}
    finally:
        courier.close()
