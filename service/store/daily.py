"""The daily set's queries: what may be asked about, page by page, and what became of what was asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from model.schema.assessment import Band
from model.schema.decision import Verdict
from service.store.adverts import KEEP_FULL, insert_new
from service.store.agreement import standing
from service.store.columns import UtcDateTime
from service.store.search import Narrowing
from service.store.tables import (
    AdvertRow,
    AssessmentRow,
    CampaignMemberRow,
    CampaignRow,
    DailyQuestionRow,
    DailySetRow,
    DecisionRow,
    PartnerRow,
    ReviewRow,
    ReviewTagRow,
)

PAGE = 500
BY_SCORE = (Band.LOW.value, Band.REVIEW.value, Band.HIGH.value)
"""The bands of adverts that the detector could judge."""


@dataclass(frozen=True)
class Answer:
    """One question of a daily set and the verdict that stands on it."""

    day: date
    language: str
    band: str
    """What the detector had made of the advert when it was decided, or else by now."""
    verdict: str | None
    """None while nobody has decided."""
    pattern: str | None


def count_assessed(session: Session, *, since: datetime, until: datetime) -> int:
    """Count the assessments of a span of time."""
    return sum(
        session.scalar(select(func.count()).where(*_between(partner_id, since, until))) or 0
        for partner_id in _partners(session)
    )


def pages_to_ask(
    session: Session, *, since: datetime, until: datetime, drawn: Callable[[str], bool]
) -> Iterator[list[tuple[AssessmentRow, AdvertRow]]]:
    """Give the adverts assessed in a span of time that nobody has decided or been asked about, page by page.

    Each in its latest version, with its latest assessment, and with its words; `drawn` says by their ids which
    assessments are read at all.
    """
    for partner_id in _partners(session):
        place: tuple[datetime, str] = (since, "")
        while True:
            query = (
                select(AssessmentRow.assessed_at, AssessmentRow.id)
                .where(*_between(partner_id, since, until))
                .where(
                    tuple_(AssessmentRow.assessed_at, AssessmentRow.id)
                    > tuple_(literal(place[0], UtcDateTime), place[1])
                )
                .order_by(AssessmentRow.assessed_at, AssessmentRow.id)
                .limit(PAGE)
            )
            keys = [(at, assessment_id) for at, assessment_id in session.execute(query)]
            if not keys:
                break
            yield _open_ones(session, [assessment_id for _, assessment_id in keys if drawn(assessment_id)])
            session.expunge_all()  # adverts are read once and let go
            place = keys[-1]


def campaigns_of(session: Session, advert_keys: Sequence[str]) -> dict[str, str]:
    """Give advert → campaign for those that are in one, merged ones under their root."""
    root = func.coalesce(CampaignRow.merged_into, CampaignRow.id)
    rows = session.execute(
        select(CampaignMemberRow.advert_key, func.min(root))
        .join(CampaignRow, CampaignRow.id == CampaignMemberRow.campaign_id)
        .where(CampaignMemberRow.advert_key.in_(advert_keys))
        .group_by(CampaignMemberRow.advert_key)
    )
    return dict(rows.all())


def spent_campaigns(session: Session, campaign_ids: Sequence[str]) -> set[str]:
    """Give those campaigns of which an advert was decided, or asked about, already."""
    root = func.coalesce(CampaignRow.merged_into, CampaignRow.id)
    asked = exists().where(DailyQuestionRow.review_id == ReviewRow.id)
    return set(
        session.scalars(
            select(root)
            .join(CampaignMemberRow, CampaignMemberRow.campaign_id == CampaignRow.id)
            .join(ReviewRow, ReviewRow.advert_key == CampaignMemberRow.advert_key)
            .where(
                or_(CampaignRow.id.in_(campaign_ids), CampaignRow.merged_into.in_(campaign_ids)),
                or_(ReviewRow.state == "decided", asked),
            )
            .distinct()
        )
    )


def count_labelled(session: Session) -> tuple[dict[str, int], dict[str, int]]:
    """Count the adverts with a verdict that teaches something: by language, and by sign."""
    taught = and_(standing(), DecisionRow.verdict != Verdict.UNSURE.value)
    languages = session.execute(
        select(ReviewRow.language, func.count())
        .join(DecisionRow, DecisionRow.review_id == ReviewRow.id)
        .where(taught)
        .group_by(ReviewRow.language)
    )
    signs = session.execute(
        select(ReviewTagRow.value, func.count())
        .join(DecisionRow, DecisionRow.review_id == ReviewTagRow.review_id)
        .where(taught, ReviewTagRow.kind == "indicator")
        .group_by(ReviewTagRow.value)
    )
    return dict(languages.all()), dict(signs.all())


def begin_set(session: Session, day: date, *, n_considered: int, at: datetime) -> bool:
    """Begin the set of a day; tells whether nobody else had."""
    return insert_new(session, DailySetRow, [{"day": day, "chosen_at": at, "n_considered": n_considered}])


def find_set(session: Session, day: date) -> DailySetRow | None:
    """Give the set of a day; None when none was chosen."""
    return session.get(DailySetRow, day)


def latest_day(session: Session) -> date | None:
    """Give the latest day that has a set."""
    return session.scalar(select(func.max(DailySetRow.day)))


def why_asked(session: Session, review_ids: Sequence[str]) -> Mapping[str, str]:
    """Give review → why it is in a daily set, in words, for those that are in one."""
    query = select(DailyQuestionRow.review_id, DailyQuestionRow.why)
    rows = session.execute(query.where(DailyQuestionRow.review_id.in_(review_ids)))
    return dict(rows.all())


def list_answers(session: Session, *, since: date, until: date) -> list[Answer]:
    """Give what was asked on these days, both included, with what was answered."""
    judged = aliased(AssessmentRow)
    query = (
        select(
            DailyQuestionRow.day,
            ReviewRow.language,
            func.coalesce(judged.band, ReviewRow.band),
            DecisionRow.verdict,
            DecisionRow.pattern,
        )
        .join(ReviewRow, ReviewRow.id == DailyQuestionRow.review_id)
        .outerjoin(DecisionRow, and_(DecisionRow.review_id == ReviewRow.id, standing()))
        .outerjoin(judged, judged.id == DecisionRow.assessment_id)
        .where(DailyQuestionRow.day >= since, DailyQuestionRow.day <= until)
        .order_by(DailyQuestionRow.day, ReviewRow.language, ReviewRow.id)
    )
    return [Answer(*row) for row in session.execute(query)]


@dataclass(frozen=True)
class InDailySet(Narrowing):
    """The advert is in the daily set of that day: a narrowing of the queue."""

    day: date

    def ids(self, dialect: str, *, limit: int) -> Select[str]:
        """Look into the set."""
        del dialect
        return select(DailyQuestionRow.review_id).where(DailyQuestionRow.day == self.day).limit(limit)

    def holds(self, review_id: Any) -> Select[int]:
        """Look for the review in the set."""
        asked = DailyQuestionRow.review_id == review_id
        return select(literal_column("1")).where(asked, DailyQuestionRow.day == self.day)


def _partners(session: Session) -> list[str]:
    return list(session.scalars(select(PartnerRow.id).order_by(PartnerRow.id)))


def _between(partner_id: str, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        AssessmentRow.partner_id == partner_id,
        AssessmentRow.assessed_at >= since,
        AssessmentRow.assessed_at < until,
    )


def _open_ones(session: Session, assessment_ids: Sequence[str]) -> list[tuple[AssessmentRow, AdvertRow]]:
    newer, later = aliased(AdvertRow), aliased(AssessmentRow)
    query = (
        select(AssessmentRow, AdvertRow)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .outerjoin(
            ReviewRow,
            and_(ReviewRow.partner_id == AdvertRow.partner_id, ReviewRow.advert_id == AdvertRow.advert_id),
        )
        .where(
            AssessmentRow.id.in_(assessment_ids),
            AssessmentRow.band.in_(BY_SCORE),
            AdvertRow.kept == KEEP_FULL,
            or_(
                ReviewRow.id.is_(None),
                and_(ReviewRow.state != "decided", ReviewRow.advert_key == AdvertRow.key),
            ),
            ~exists().where(DailyQuestionRow.review_id == ReviewRow.id),
            ~exists().where(
                newer.partner_id == AdvertRow.partner_id,
                newer.advert_id == AdvertRow.advert_id,
                newer.key > AdvertRow.key,
            ),
            ~exists().where(
                later.advert_key == AdvertRow.key,
                tuple_(later.assessed_at, later.id) > tuple_(AssessmentRow.assessed_at, AssessmentRow.id),
            ),
        )
        .order_by(AssessmentRow.id)
    )
    return [(assessment, advert) for assessment, advert in session.execute(query)]
