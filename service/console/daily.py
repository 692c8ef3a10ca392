"""The daily set as the queue shows it: how far it is decided, and what its answers said of the detector."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from service.review.daily import EFFECT_DAYS, Effect, reckon, total
from service.store.daily import latest_day


@dataclass(frozen=True)
class DailyView:
    """One day's set, and the weeks up to it."""

    day: date
    languages: dict[str, Effect]
    total: Effect
    past: dict[str, Effect]
    """The same of the past `n_days`, this day included."""
    past_total: Effect
    n_days: int = EFFECT_DAYS


def view_daily(session: Session, day: date | None) -> DailyView | None:
    """Give the set of a day, the latest one by default; None when there is none yet."""
    day = day or latest_day(session)
    if day is None:
        return None
    languages = reckon(session, since=day, until=day)
    past = reckon(session, since=day - timedelta(days=EFFECT_DAYS - 1), until=day)
    return DailyView(day, languages, total(languages), past, total(past))
