"""What a candidate says of assessed adverts, beside the release that answered: numbers, no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from service.store.adverts import KEEP_FULL, insert_new
from service.store.ids import first_id
from service.store.reviews import stands
from service.store.tables import (
    AdvertRow,
    AssessmentRow,
    DecisionRow,
    ExportedDecisionRow,
    LabelBatchRow,
    ShadowScoreRow,
)

_AS_SCORED = func.coalesce(AssessmentRow.lifted_from, AssessmentRow.band)
"""The band that the score alone gave: what lifts an advert lifts it whichever release scores."""


@dataclass(frozen=True)
class Pair:
    """One release's versions, and since when: what is compared."""

    serving: str
    shadow: str
    since: datetime


@dataclass(frozen=True)
class Waiting:
    """An advert that the serving release has answered for and the candidate has not seen."""

    assessment_id: str
    partner_id: str
    advert: JobAdvert
    band: str


@dataclass(frozen=True)
class Said:
    """What both releases say of one version of an advert."""

    assessment_id: str
    advert_key: str
    language: str
    serving_score: float
    serving_band: str
    shadow_score: float
    shadow_band: str


@dataclass(frozen=True)
class Judged:
    """What a person decided, and in which batch of labels it went out."""

    advert_key: str
    verdict: str
    pattern: str | None
    batch_sha256: str | None


@dataclass(frozen=True)
class Unscored:
    """Adverts that the serving release has answered for and the candidate has no score of."""

    waiting: int
    """Their turn is still to come."""
    words_not_kept: int
    """Nothing to score: their words were not kept."""


def list_waiting(
    session: Session, *, serving: str, shadow: str, after: str, at: datetime, limit: int
) -> list[Waiting]:
    """Give the next assessments, oldest first, that the candidate has not seen and whose words were kept."""
    rows = session.execute(
        select(AssessmentRow.id, AssessmentRow.partner_id, AdvertRow.record, _AS_SCORED)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(
            AssessmentRow.id > after,
            AssessmentRow.model_version == serving,
            AdvertRow.kept == KEEP_FULL,
            AdvertRow.expires_at > at,
            ~_seen_by(shadow),
        )
        .order_by(AssessmentRow.id)
        .limit(limit)
    )
    return [
        Waiting(key, partner_id, JobAdvert.from_json(record), band) for key, partner_id, record, band in rows
    ]


def record_scores(session: Session, said: Sequence[tuple[str, Assessment]], *, at: datetime) -> None:
    """Store the candidate's numbers for (assessment id, what it says), unless they are there already."""
    rows = [
        {
            "assessment_id": assessment_id,
            "model_version": one.model_version,
            "score": one.score,
            "band": one.band.value,
            "language": one.language.code,
            "scored_at": at,
        }
        for assessment_id, one in said
    ]
    insert_new(session, ShadowScoreRow, rows)


def list_said(session: Session, pair: Pair) -> list[Said]:
    """Give what both say of every advert assessed since a moment."""
    rows = session.execute(
        _both(pair).with_only_columns(
            AssessmentRow.id,
            AssessmentRow.advert_key,
            AssessmentRow.language,
            AssessmentRow.score,
            _AS_SCORED,
            ShadowScoreRow.score,
            ShadowScoreRow.band,
        )
    )
    return [Said(*row) for row in rows]


def list_judged(session: Session, pair: Pair) -> list[Judged]:
    """Give the verdicts that stand on these adverts, the latest last."""
    rows = session.execute(
        select(DecisionRow.advert_key, DecisionRow.verdict, DecisionRow.pattern, LabelBatchRow.sha256)
        .outerjoin(ExportedDecisionRow, ExportedDecisionRow.decision_id == DecisionRow.id)
        .outerjoin(LabelBatchRow, LabelBatchRow.id == ExportedDecisionRow.batch_id)
        .where(stands(), DecisionRow.advert_key.in_(_both(pair).with_only_columns(AssessmentRow.advert_key)))
        .order_by(DecisionRow.id)
    )
    return [Judged(*row) for row in rows]


def count_unscored(session: Session, pair: Pair) -> Unscored:
    """Count the adverts of the same time that the comparison does not rest on."""
    rows = session.execute(
        select(AdvertRow.kept == KEEP_FULL, func.count())
        .select_from(AssessmentRow)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(_assessed(pair), ~_seen_by(pair.shadow))
        .group_by(AdvertRow.kept == KEEP_FULL)
    )
    counts = {bool(is_full): n for is_full, n in rows}
    return Unscored(counts.get(True, 0), counts.get(False, 0))


def _both(pair: Pair) -> Select[str]:
    return (
        select(AssessmentRow.id)
        .join(ShadowScoreRow, ShadowScoreRow.assessment_id == AssessmentRow.id)
        .where(_assessed(pair), ShadowScoreRow.model_version == pair.shadow)
        .order_by(AssessmentRow.id)
    )


def _assessed(pair: Pair) -> ColumnElement[bool]:
    return and_(
        AssessmentRow.id >= first_id("asm", at=pair.since), AssessmentRow.model_version == pair.serving
    )


def _seen_by(shadow: str) -> ColumnElement[bool]:
    return exists().where(
        ShadowScoreRow.assessment_id == AssessmentRow.id, ShadowScoreRow.model_version == shadow
    )
