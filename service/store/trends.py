"""Counts for the trends page: adverts in the queue, what was decided, and how long it took."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from service.store.agreement import standing
from service.store.tables import AdvertRow, DecisionRow, ReviewRow, ReviewTagRow

Rows = list[tuple[str, int]]


def count_by(session: Session, column: str, *, since: datetime) -> Rows:
    """Count adverts that came into the queue, by language, source or band."""
    attribute = {"language": ReviewRow.language, "source": ReviewRow.source, "band": ReviewRow.band}[column]
    query = select(attribute, func.count()).where(ReviewRow.opened_at >= since).group_by(attribute)
    return _sorted((value or "unnamed", n) for value, n in session.execute(query))


def count_tags(session: Session, kind: str, *, since: datetime) -> Rows:
    """Count adverts by place or indicator; an advert with two counts twice."""
    query = (
        select(ReviewTagRow.value, func.count())
        .join(ReviewRow, ReviewRow.id == ReviewTagRow.review_id)
        .where(ReviewTagRow.kind == kind, ReviewRow.opened_at >= since)
        .group_by(ReviewTagRow.value)
    )
    return _sorted((value, n) for value, n in session.execute(query))


def count_months(session: Session, *, since: datetime) -> Rows:
    """Count adverts by the month they came in, oldest first."""
    month = func.substr(cast(ReviewRow.opened_at, String), 1, 7)
    query = select(month, func.count()).where(ReviewRow.opened_at >= since).group_by(month)
    return sorted((str(value), n) for value, n in session.execute(query))


def verdicts(session: Session, *, since: datetime) -> list[tuple[str, str, str, datetime, datetime]]:
    """Give the standing decisions: language, band, verdict, when the advert came and when it was decided."""
    query = (
        select(
            ReviewRow.language,
            ReviewRow.band,
            DecisionRow.verdict,
            ReviewRow.opened_at,
            DecisionRow.decided_at,
        )
        .join(ReviewRow, ReviewRow.id == DecisionRow.review_id)
        .where(DecisionRow.decided_at >= since, standing())
    )
    return [(a, b, c, d, e) for a, b, c, d, e in session.execute(query)]


def days_to_detect(session: Session, *, since: datetime) -> list[int]:
    """Give for every advert that says when it was posted how many days later it came into the queue."""
    query = (
        select(AdvertRow.posted_on, ReviewRow.opened_at)
        .join(ReviewRow, ReviewRow.advert_key == AdvertRow.key)
        .where(ReviewRow.opened_at >= since, AdvertRow.posted_on.is_not(None))
    )
    return [max(0, (opened.date() - posted).days) for posted, opened in session.execute(query) if posted]


def count_undone(session: Session, *, since: datetime) -> tuple[int, int]:
    """Give how many decisions were made, and how many of them were taken back."""
    made = Counter(
        undone is not None
        for undone in session.scalars(select(DecisionRow.undone_at).where(DecisionRow.decided_at >= since))
    )
    return made.total(), made[True]


def _sorted(rows: Iterable[tuple[str, int]]) -> Rows:
    return sorted(rows, key=lambda row: (-row[1], row[0]))
