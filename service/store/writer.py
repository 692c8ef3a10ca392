"""Writes that arrive together share a transaction: a commit costs more than what it commits.

Whoever comes first waits a moment for those who are still preparing theirs and writes for all; the
others find their work done. Nobody is answered before the shared transaction is committed, and one
that fails spoils no other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Lock
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from service.store.database import Database

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 64
"""How many items share one transaction at most."""
PATIENCE_S = 0.02
"""How long a transaction waits for items that are being prepared."""


class SharedWriter(Generic[Item, Result]):
    """Writes items in units of work on one database, each item exactly once."""

    def __init__(
        self, database: Database, write: Callable[[Session, Sequence[Item]], Sequence[Result]]
    ) -> None:
        self._database = database
        self._write_together = write
        self._guard = Condition()
        self._turn = Lock()
        self._n_coming = 0
        self._waiting: list[tuple[Item, Future[Result]]] = []

    def do(self, prepare: Callable[[], Item]) -> Result:
        """Prepare an item, write and commit it, perhaps with others'; raises what preparing or writing it raises."""
        future: Future[Result] = Future()
        with self._guard:
            self._n_coming += 1
        try:
            item = prepare()
        except BaseException:
            self._arrive()
            raise
        self._arrive((item, future))
        while not future.done():
            with self._turn:
                if not future.done():
                    self._write_waiting()
        return future.result()

    def _arrive(self, *items: tuple[Item, Future[Result]]) -> None:
        with self._guard:
            self._n_coming -= 1
            self._waiting.extend(items)
            self._guard.notify_all()

    def _write_waiting(self) -> None:
        with self._guard:
            self._guard.wait_for(
                lambda: self._n_coming == 0 or len(self._waiting) >= MOST, timeout=PATIENCE_S
            )
        batch: list[tuple[Item, Future[Result]]] = []
        try:
            with self._database.writing() as session:
                batch = self._take()  # only now: more may have come while others had the database
                results = self._write_together(session, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed on to whoever handed the item in
            batch = batch or self._take()
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for item, future in batch:
                self._write_alone(item, future)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _take(self) -> list[tuple[Item, Future[Result]]]:
        with self._guard:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        return taken

    def _write_alone(self, item: Item, future: Future[Result]) -> None:
        try:
            with self._database.writing() as session:
                results = self._write_together(session, [item])
        except Exception as error:  # noqa: BLE001 - handed on to whoever handed the item in
            future.set_exception(error)
        else:
            future.set_result(results[0])
