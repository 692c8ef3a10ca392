"""Figures for policy work: what is advertised where, how fast it is found, how often we are wrong.

No personal data and no small counts: what fewer than `LEAST` adverts stand behind is not told, and neither is
the next smallest when it could be reckoned back from a total. Never a count of victims.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.store import trends

LEAST = 5
DAYS = 365
SHOWN = 15
ROLES = frozenset(
    {
        "casino_hospitality",
        "crypto_forex_gambling_role",
        "customer_service_generic",
        "data_entry_typist",
        "digital_marketing_sales",
        "explicit_scam_role_terms",
        "model_or_ai_model",
        "online_chat_role",
        "online_job_generic",
        "other_cover_roles",
        "physical_or_trade_role",
        "professional_role",
        "telemarketing_tm",
    }
)
"""Indicators that tell what the work is said to be; counted as roles."""


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    name: str
    n: int | None
    """None when it is too small to be told."""


@dataclass(frozen=True)
class ErrorRate:
    """How often flagged adverts of one language turned out honest."""

    language: str
    n_flagged: int | None
    share_legitimate: float | None


@dataclass(frozen=True)
class Figures:
    """The whole page."""

    since: datetime
    tables: tuple[tuple[str, tuple[Row, ...]], ...]
    errors: tuple[ErrorRate, ...]
    days_to_detect: float | None
    """Median from the day an advert says it was posted to the day it came into the queue; None for too few."""
    hours_to_decide: float | None
    """Median; None when too few were decided."""
    n_decided: int | None
    share_reversed: float | None


def reckon(session: Session, *, at: datetime) -> Figures:
    """Reckon the figures of the past year."""
    since = at - timedelta(days=DAYS)
    indicators = trends.count_tags(session, "indicator", since=since)
    counted = (
        ("Month", trends.count_months(session, since=since)),
        ("Language", trends.count_by(session, "language", since=since)),
        ("Place", trends.count_tags(session, "place", since=since)),
        ("Role", [(name, n) for name, n in indicators if name in ROLES]),
        ("Indicator", [(name, n) for name, n in indicators if name not in ROLES]),
        ("Source", trends.count_by(session, "source", since=since)),
        ("Band", trends.count_by(session, "band", since=since)),
    )
    verdicts = trends.verdicts(session, since=since)
    hours = [(decided - opened) / timedelta(hours=1) for *_, opened, decided in verdicts]
    days = trends.days_to_detect(session, since=since)
    n_made, n_undone = trends.count_undone(session, since=since)
    return Figures(
        since=since,
        tables=tuple((name, tuple(suppress(rows))) for name, rows in counted),
        errors=tuple(_errors([(language, band, verdict) for language, band, verdict, *_ in verdicts])),
        days_to_detect=round(statistics.median(days), 1) if len(days) >= LEAST else None,
        hours_to_decide=round(statistics.median(hours), 1) if len(hours) >= LEAST else None,
        n_decided=len(hours) if len(hours) >= LEAST else None,
        share_reversed=n_undone / n_made if n_made >= LEAST else None,
    )


def suppress(rows: Sequence[tuple[str, int]]) -> list[Row]:
    """Hide counts below `LEAST`; when that hides a single one, the smallest told one goes with it."""
    hidden = {name for name, n in rows if n < LEAST}
    if len(hidden) == 1 and len(rows) > 1:
        hidden.add(min(((n, name) for name, n in rows if name not in hidden))[1])
    return [Row(name, None if name in hidden else n) for name, n in rows]


def _errors(verdicts: Sequence[tuple[str, str, str]]) -> list[ErrorRate]:
    flagged: dict[str, list[bool]] = defaultdict(list)
    for language, band, verdict in verdicts:
        if band in {"review", "high"} and verdict != "unsure":
            flagged[language].append(verdict != "confirmed")
    return [
        ErrorRate(language, len(wrong), sum(wrong) / len(wrong))
        if len(wrong) >= LEAST
        else ErrorRate(language, None, None)
        for language, wrong in sorted(flagged.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]
