"""Scores what is stored again with the serving release, and tells partners whose adverts changed band.

What a release has scored already is passed over, so it may be run again, or go on after a kill. The
new assessment and the webhook about it are one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from service.assessing import Context, Submission, assess, store
from service.store.adverts import KEEP_FULL
from service.store.links import links_of
from service.store.outbox import EventType, announce
from service.store.partners import find_thresholds
from service.store.tables import AdvertRow, AssessmentRow

AT_ONCE = 100


@dataclass
class Report:
    """What one run did."""

    n_scored: int = 0
    """Adverts that got a new assessment."""
    n_changed: int = 0
    """Of these, adverts whose band is another now."""


@dataclass(frozen=True)
class _Before:
    key: str
    partner_id: str
    advert: JobAdvert
    assessment_id: str
    band: str
    model_version: str


def rescore(context: Context) -> Report:
    """Score every stored advert that the serving release has not seen; adverts kept without words are not."""
    report, after = Report(), ""
    while True:
        with context.database.reading() as session:
            rows = _next(session, after=after, release=context.detector.model_version, at=context.clock())
        if not rows:
            return report
        after = rows[-1].key
        for partner_id in sorted({row.partner_id for row in rows}):
            _rescore(context, [row for row in rows if row.partner_id == partner_id], report)


def _next(session: Session, *, after: str, release: str, at: datetime) -> list[_Before]:
    """Give the next adverts with what was said of each last."""
    known = exists().where(AssessmentRow.advert_key == AdvertRow.key, AssessmentRow.model_version == release)
    adverts = session.execute(
        select(AdvertRow.key, AdvertRow.partner_id, AdvertRow.record)
        .where(AdvertRow.key > after, AdvertRow.kept == KEEP_FULL, AdvertRow.expires_at > at, ~known)
        .order_by(AdvertRow.key)
        .limit(AT_ONCE)
    ).all()
    said = session.execute(
        select(AssessmentRow.advert_key, AssessmentRow.id, AssessmentRow.band, AssessmentRow.model_version)
        .where(AssessmentRow.advert_key.in_([key for key, _, _ in adverts]))
        .order_by(AssessmentRow.id)
    )
    last = {key: (assessment_id, band, version) for key, assessment_id, band, version in said}
    return [
        _Before(key, partner_id, JobAdvert.from_json(record), *last.get(key, ("", "", "")))
        for key, partner_id, record in adverts
    ]


def _rescore(context: Context, rows: Sequence[_Before], report: Report) -> None:
    partner_id, at = rows[0].partner_id, context.clock()
    adverts = tuple(row.advert for row in rows)
    with context.database.reading() as session:
        thresholds = find_thresholds(session, partner_id)
    said = assess(context, adverts, at=at, thresholds=thresholds)
    links = tuple(links_of(advert, pepper=context.pepper) for advert in adverts)
    with context.database.writing() as session:
        submission = Submission(partner_id, adverts, tuple(said), at, links)
        stored = store(session, submission, settings=context.settings)
        for row, one in zip(rows, stored, strict=True):
            report.n_scored += 1
            if not row.band or one.assessment.band.value == row.band:
                continue
            report.n_changed += 1
            data = {
                "advert_id": one.assessment.advert_id,
                "assessment_id": one.id,
                "band": one.assessment.band.value,
                "model_version": one.assessment.model_version,
                "previous_assessment_id": row.assessment_id,
                "previous_band": row.band,
                "previous_model_version": row.model_version,
            }
            announce(session, EventType.BAND_CHANGED, partner_id=partner_id, data=data, at=at)
