"""Assessments as given; the same release on the same version of an advert answers once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select, tuple_, update
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, read_assessment
from service.store.adverts import KEEP_FULL, insert_new
from service.store.columns import UtcDateTime, WrittenJson
from service.store.ids import new_id
from service.store.tables import AdvertRow, AssessmentRow


@dataclass(frozen=True)
class StoredAssessment:
    """An assessment with its place in the store."""

    id: str | None
    """Its own id, the one partners see; None when nothing was kept."""
    advert_key: str
    """Which version of which advert it is about; empty when nothing was kept."""
    assessment: Assessment
    """What was said."""
    kept_until: datetime | None
    """When it is erased together with its advert (UTC); None when nothing was kept."""
    kept: str = KEEP_FULL
    """What is kept: `full`, `features` or `none`."""
    allowed: bool = False
    """Whether the partner's own list names the employer, and nothing speaks against it."""


def record_assessments(
    session: Session,
    assessments: Sequence[tuple[str, Assessment]],
    *,
    partner_id: str,
    at: datetime,
    lifted_from: Sequence[Band | None] = (),
    completed: Collection[str] = (),
) -> list[str]:
    """Store (advert key, assessment) pairs unless that release has answered already; give ids in order.

    `lifted_from` says for each which band its company lifted it from, if any. `completed` are the keys of adverts
    whose words were not kept before: what was stored of them without words is written anew, under its id.
    """
    if not assessments:
        return []
    before = lifted_from or [None] * len(assessments)
    rows = {
        _version(*pair): _row(*pair, partner_id=partner_id, at=at, lifted_from=band)
        for pair, band in zip(assessments, before, strict=True)
    }
    known: Mapping[tuple[str, str, str], str] = {version: str(row["id"]) for version, row in rows.items()}
    if not insert_new(session, AssessmentRow, list(rows.values())):
        known = _ids(session, {key for key, _ in assessments})
        anew = [{**row, "id": known[version]} for version, row in rows.items() if version[0] in completed]
        if anew:
            session.execute(update(AssessmentRow), anew)
    return [known[_version(key, assessment)] for key, assessment in assessments]


def find_assessment(session: Session, assessment_id: str, *, partner_id: str) -> StoredAssessment | None:
    """Give a partner's assessment; None when there is none, or it is another partner's."""
    found = session.execute(
        select(AssessmentRow, AdvertRow.expires_at, AdvertRow.kept)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(AssessmentRow.id == assessment_id, AssessmentRow.partner_id == partner_id)
    ).one_or_none()
    if found is None:
        return None
    row, expires_at, kept = found
    return StoredAssessment(row.id, row.advert_key, read_assessment(row.record), expires_at, kept)


@dataclass(frozen=True)
class AssessmentPlace:
    """What a list shows of an assessment."""

    id: str
    advert_id: str
    score: float
    band: str
    model_version: str
    assessed_at: datetime


def page_of_assessments(
    session: Session, *, partner_id: str, before: tuple[datetime, str] | None, limit: int
) -> list[AssessmentPlace]:
    """Give a partner's assessments, newest first, from a place onwards."""
    query = (
        select(
            AssessmentRow.id,
            AdvertRow.advert_id,
            AssessmentRow.score,
            AssessmentRow.band,
            AssessmentRow.model_version,
            AssessmentRow.assessed_at,
        )
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(AssessmentRow.partner_id == partner_id)
        .order_by(AssessmentRow.assessed_at.desc(), AssessmentRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        place = tuple_(AssessmentRow.assessed_at, AssessmentRow.id)
        query = query.where(place < tuple_(literal(before[0], UtcDateTime), before[1]))
    return [AssessmentPlace(*row) for row in session.execute(query)]


def load_assessment(session: Session, assessment_id: str) -> Assessment:
    """Give the assessment of that id, for a reader who may see every partner's."""
    return read_assessment(session.get_one(AssessmentRow, assessment_id).record)


def find_assessed(session: Session, keys: Sequence[str], *, model_version: str) -> set[str]:
    """Tell which of these versions of adverts the release has assessed already."""
    return set(
        session.scalars(
            select(AssessmentRow.advert_key).where(
                AssessmentRow.advert_key.in_(keys), AssessmentRow.model_version == model_version
            )
        )
    )


def list_riskiest(session: Session, *, limit: int) -> list[tuple[JobAdvert, Assessment]]:
    """Give the adverts with the highest scores, highest first, whoever sent them."""
    rows = session.execute(
        select(AdvertRow.record, AssessmentRow.record)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .order_by(AssessmentRow.score.desc(), AssessmentRow.id)
        .limit(limit)
    )
    return [(JobAdvert.from_json(advert), read_assessment(said)) for advert, said in rows]


def _version(key: str, assessment: Assessment) -> tuple[str, str, str]:
    return key, assessment.model_version, assessment.catalogue_version


def _ids(session: Session, keys: set[str]) -> Mapping[tuple[str, str, str], str]:
    columns = (
        AssessmentRow.advert_key,
        AssessmentRow.model_version,
        AssessmentRow.catalogue_version,
        AssessmentRow.id,
    )
    rows = session.execute(select(*columns).where(AssessmentRow.advert_key.in_(keys)))
    return {(key, model, catalogue): assessment_id for key, model, catalogue, assessment_id in rows}


def _row(
    key: str, assessment: Assessment, *, partner_id: str, at: datetime, lifted_from: Band | None
) -> dict[str, object]:
    return {
        "id": new_id("asm", at=at),
        "partner_id": partner_id,
        "advert_key": key,
        "score": assessment.score,
        "band": assessment.band.value,
        "language": assessment.language.code,
        "model_version": assessment.model_version,
        "catalogue_version": assessment.catalogue_version,
        "assessed_at": assessment.assessed_at,
        "record": WrittenJson(assessment.model_dump_json()),
        "lifted_from": lifted_from.value if lifted_from else None,
    }
