"""Where a review stands in the queue: risk x reach x freshness x novelty, and that in words.

Freshness halves every week. As every advert grows old at the same rate, the order at any moment is the
order of log2(risk x reach x novelty) + weeks since 1970 at which the review was opened: a number that is
computed once, indexed, and never has to be touched again.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.store.tables import QueuePlaceRow, ReviewRow

HALVES_EVERY = timedelta(days=7)
LEAST_RISK = 0.001
MOST_REACH = 4.0
LEAST_NOVELTY = 0.25
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """What a place is reckoned from."""

    risk: float
    """The score, or for a random check its lot (0-1)."""
    n_linked: int = 0
    """How many other adverts share its template or contacts."""
    n_confirmed: int = 0
    """How many of them a person confirmed."""

    @property
    def reach(self) -> float:
        """1 for an advert that stands alone, 2 for one of four copies, at most 4."""
        return min(MOST_REACH, 1 + math.log2(1 + self.n_linked) / 2)

    @property
    def novelty(self) -> float:
        """1 when nobody has confirmed anything like it; every confirmed copy adds less that is new."""
        return max(LEAST_NOVELTY, 1 / (1 + self.n_confirmed / 4))

    def priority(self, *, opened_at: datetime) -> float:
        """Give the number the queue is ordered by."""
        weight = max(LEAST_RISK, self.risk) * self.reach * self.novelty
        return math.log2(weight) + opened_at.timestamp() / HALVES_EVERY.total_seconds()


def record(session: Session, review: ReviewRow, standing: Standing) -> None:
    """Keep what the review's place was reckoned from."""
    row = session.get(QueuePlaceRow, review.id) or QueuePlaceRow(review_id=review.id)
    row.risk, row.n_linked, row.n_confirmed = standing.risk, standing.n_linked, standing.n_confirmed
    session.add(row)


def in_words(place: QueuePlaceRow | None, *, opened_at: datetime, at: datetime) -> str:
    """Say what besides its score puts an advert where it stands."""
    told = [_age(at - opened_at)]
    if place is not None and place.n_linked:
        told.append(f"shared with {place.n_linked} other advert{'s' if place.n_linked != 1 else ''}")
        told.append(
            f"{place.n_confirmed} of them confirmed" if place.n_confirmed else "none of them confirmed yet"
        )
    return ", ".join(told)


def _age(age: timedelta) -> str:
    if age < _HOUR:
        return "new"
    if age < 2 * _DAY:
        hours = age // _HOUR
        return f"{hours} hour{'s' if hours != 1 else ''} old"
    return f"{age // _DAY} days old"
