"""What other thresholds would have done to a partner's own past traffic, and how its verdicts would stand then."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from model.schema.assessment import Thresholds
from service.store.reviews import stands
from service.store.tables import AssessmentRow, DecisionRow, FeedbackRow

BY_SCORE = ("low", "review", "high")


@dataclass(frozen=True)
class Share:
    """Adverts that thresholds treat alike."""

    n: int
    confirmed: int
    """How many of them were judged deceptive since, by a reviewer, else by the partner's own feedback."""
    legitimate: int
    """How many of them were judged honest, or no adverts, since."""


@dataclass(frozen=True)
class Outcome:
    """What thresholds make of some traffic."""

    held: Share
    """`high`."""
    review: Share
    passed: Share
    """`low`."""


def reckon(session: Session, partner_id: str, thresholds: Thresholds, *, since: datetime) -> Outcome:
    """Count a partner's adverts since a moment as these thresholds would have sorted them.

    Each version of an advert counts once, by its latest assessment; those that no threshold decides are left out.
    An advert linked to confirmed ones is never below `review`.
    """
    linked = AssessmentRow.lifted_from.is_not(None)
    place = case(
        (AssessmentRow.score >= thresholds.high, "held"),
        (or_(AssessmentRow.score >= thresholds.review, linked), "review"),
        else_="passed",
    )
    deceptive, honest = _judged(("confirmed",)), _judged(("legitimate", "not_an_advert"))
    latest = (
        select(func.max(AssessmentRow.id))
        .where(AssessmentRow.partner_id == partner_id, AssessmentRow.assessed_at >= since)
        .group_by(AssessmentRow.advert_key)
    )
    judged = (
        select(
            place.label("place"),
            cast(deceptive, Integer).label("confirmed"),
            cast(honest, Integer).label("legitimate"),
        )
        .where(
            AssessmentRow.id.in_(latest),
            func.coalesce(AssessmentRow.lifted_from, AssessmentRow.band).in_(BY_SCORE),
        )
        .subquery()
    )
    rows = session.execute(
        select(
            judged.c.place, func.count(), func.sum(judged.c.confirmed), func.sum(judged.c.legitimate)
        ).group_by(judged.c.place)
    )
    shares = {name: Share(n, int(confirmed), int(legitimate)) for name, n, confirmed, legitimate in rows}
    nothing = Share(0, 0, 0)
    return Outcome(*(shares.get(name, nothing) for name in ("held", "review", "passed")))


def _judged(verdicts: tuple[str, ...]) -> ColumnElement[bool]:
    """Tell whether one of these verdicts stands on an advert: a reviewer's, or else the partner's own."""
    reviewed = exists().where(DecisionRow.advert_key == AssessmentRow.advert_key, stands())
    by_reviewer = reviewed.where(DecisionRow.verdict.in_(verdicts))
    by_partner = exists().where(
        FeedbackRow.advert_key == AssessmentRow.advert_key,
        FeedbackRow.state == "taken",
        FeedbackRow.verdict.in_(verdicts),
    )
    return or_(by_reviewer, and_(~reviewed, by_partner))
