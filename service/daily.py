"""Chooses the daily set when its day has come; `lurewatch serve` and `work` look every few minutes, and once is enough.

Adverts are read outside the transaction that records the set, so that nobody waits for it.
"""

from dataclasses import dataclass
from datetime import date

from service.assessing import Context
from service.logs import get_logger
from service.review import daily
from service.store.daily import find_set


@dataclass(frozen=True)
class Chosen:
    """What one call did."""

    day: date
    n_asked: int
    """How many adverts people are asked about; 0 when there was nothing to ask, and the day is tried again."""
    is_new: bool


def ask_daily(context: Context, *, day: date | None = None) -> Chosen:
    """Choose the set of a day, today by default, unless it was chosen already."""
    day = day or context.clock().date()
    size = context.settings.daily_set
    with context.database.reading() as session:
        if find_set(session, day) is not None:
            return Chosen(day, daily.total(daily.reckon(session, since=day, until=day)).n, is_new=False)
        picked = daily.pick(session, day=day, size=size, learnt_from=context.detector.learnt_from)
    if not picked.asked:
        return Chosen(day, 0, is_new=False)
    with context.database.writing() as session:
        n_asked = daily.record(session, picked, at=context.clock())
    if n_asked is None:  # another process was faster
        return ask_daily(context, day=day)
    get_logger().info("daily set chosen", day=day.isoformat(), n=n_asked, n_considered=picked.n_considered)
    return Chosen(day, n_asked, is_new=True)
