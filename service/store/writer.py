"""Writes that arrive together share a transaction: a commit costs more than what it commits.

Whoever comes first writes for all who wait behind; the others find their work done. Nobody is
answered before the shared transaction is committed, and one that fails spoils no other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from service.store.database import Database

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 64
"""How many items share one transaction at most."""


class SharedWriter(Generic[Item, Result]):
    """Writes items in units of work on one database, each item exactly once."""

    def __init__(
        self, database: Database, write: Callable[[Session, Sequence[Item]], Sequence[Result]]
    ) -> None:
        self._database = database
        self._write_together = write
        self._guard = Lock()
        self._turn = Lock()
        self._waiting: list[tuple[Item, Future[Result]]] = []

    def do(self, item: Item) -> Result:
        """Write the item and commit it, perhaps together with others'; raises what writing it raises."""
        future: Future[Result] = Future()
        with self._guard:
            self._waiting.append((item, future))
        while not future.done():
            with self._turn:
                if not future.done():
                    self._write(self._take())
        return future.result()

    def _take(self) -> list[tuple[Item, Future[Result]]]:
        with self._guard:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        return taken

    def _write(self, batch: Sequence[tuple[Item, Future[Result]]]) -> None:
        try:
            with self._database.writing() as session:
                results = self._write_together(session, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed on to whoever handed the item in
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:
                self._write([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
