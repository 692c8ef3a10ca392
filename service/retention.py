"""Erases what its time is over for: adverts with all that hangs on them, kept answers, job files, logs.

An advert's `expires_at` was promised to its sender as `kept.until`. What refers to an erased row is
found through the tables' foreign keys, so that a table added later is never forgotten. The audit
chain stays: it holds ids and counts, no words.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from service.assessing import Context
from service.jobs.files import files_of
from service.logs import get_logger
from service.store import campaigns, jobs, unlinking
from service.store.audit import SYSTEM, Act, append_event
from service.store.database import Database
from service.store.tables import (
    AdvertRow,
    KeptAnswerRow,
    LoginLinkRow,
    SessionRow,
    Table,
    WebhookMessageRow,
)

AT_ONCE = 500
"""Rows erased in one transaction, so that nobody waits long for the lock."""
SIGNED_IN_FOR = timedelta(days=30)
"""How long ended sessions and used login links stay on record."""


def erase_due(context: Context, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Erase everything that is due, some rows at a time; gives the number of adverts erased."""
    return erase_due_in(
        context.database, context.settings.jobs_folder, at=context.clock(), is_stopping=is_stopping
    )


def erase_due_in(
    database: Database, jobs_folder: Path, *, at: datetime, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Erase everything that is due at a moment; gives the number of adverts erased."""
    n_adverts = 0
    while not is_stopping():
        with database.writing() as session:
            n_now = erase_adverts(session, at=at)
        n_adverts += n_now
        if n_now < AT_ONCE:
            break
    with database.writing() as session:
        erase_traces(session, at=at)
        ended = jobs.expire(session, at=at)
    for job_id in ended:
        files_of(jobs_folder, job_id).erase()
    if n_adverts or ended:
        get_logger().info("erased what was due", n_adverts=n_adverts, n_jobs=len(ended))
    return n_adverts


def count_due(session: Session, *, at: datetime) -> int:
    """Count the adverts whose time is over."""
    return session.scalar(select(func.count()).where(AdvertRow.expires_at <= at)) or 0


def erase_adverts(session: Session, *, at: datetime) -> int:
    """Erase some adverts whose time is over, with everything that refers to them; gives how many."""
    due = select(AdvertRow.key).where(AdvertRow.expires_at <= at).order_by(AdvertRow.expires_at)
    keys = list(session.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True)))
    if not keys:
        return 0
    counted = unlinking.find_linked(session, keys)
    counts = erase_rows(session, AdvertRow.__table__, keys)
    unlinking.recount(session, *counted)
    campaigns.forget_splits(session)
    append_event(session, Act.ADVERTS_ERASED, subject="retention", actor=SYSTEM, at=at, detail=counts)
    return len(keys)


def erase_rows(session: Session, table: Any, keys: Sequence[Any]) -> dict[str, int]:
    """Erase rows by primary key, first what refers to them; gives table → rows erased.

    A reference that may be empty is emptied; a row that cannot be without it goes too.
    """
    counts: dict[str, int] = {}
    for child in Table.metadata.sorted_tables:
        for key in child.foreign_keys:
            if key.column.table is not table:
                continue
            if key.parent.nullable:
                emptied = update(child).where(key.parent.in_(keys)).values({key.parent: None})
                session.execute(emptied)
            else:
                _add(counts, _erase_referring(session, child, key.parent, keys))
    done = session.execute(delete(table).where(_identity(table).in_(keys)))
    _add(counts, {table.name: done.rowcount})  # type: ignore[attr-defined]
    return counts


def erase_traces(session: Session, *, at: datetime) -> None:
    """Erase kept answers, delivered messages, used links and ended sessions that nobody needs any more."""
    session.execute(delete(KeptAnswerRow).where(KeptAnswerRow.expires_at <= at))
    session.execute(delete(WebhookMessageRow).where(WebhookMessageRow.expires_at <= at))
    session.execute(delete(LoginLinkRow).where(LoginLinkRow.expires_at <= at - SIGNED_IN_FOR))
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= at - SIGNED_IN_FOR))


def _erase_referring(session: Session, child: SqlTable, column: Any, keys: Sequence[Any]) -> dict[str, int]:
    if len(child.primary_key.columns) > 1:  # a mere link: nothing refers to it
        done = session.execute(delete(child).where(column.in_(keys)))
        return {child.name: done.rowcount}  # type: ignore[attr-defined]
    found = list(session.scalars(select(_identity(child)).where(column.in_(keys))))
    return erase_rows(session, child, found) if found else {}


def _identity(table: Any) -> Any:
    (column,) = table.primary_key.columns
    return column


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, n in more.items():
        counts[name] = counts.get(name, 0) + n
