"""Assess adverts, store them, and open a review where one is due: the one way into the store.

API and ingest both call `assess_and_store`. Scoring happens outside the transaction, because it
is processor work; what it says is then stored with its advert, review and audit event at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, Thresholds
from service.review.actions import Finding, open_review
from service.review.queue import due_cause
from service.settings import Settings
from service.store.adverts import content_digest, record_adverts, stored_id
from service.store.assessments import StoredAssessment, record_assessments
from service.store.audit import SYSTEM, Act, append_event
from service.store.database import Database
from service.store.reviews import find_reviews

BY_SCORE = frozenset({Band.LOW, Band.REVIEW, Band.HIGH})
"""The bands that a threshold decides; the others say why there is none."""


class Detector(Protocol):
    """The model's front door, as far as the service uses it."""

    @property
    def model_version(self) -> str:
        """The release that answers."""

    @property
    def catalogue_version(self) -> str:
        """The catalogue it was trained with."""

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        """Assess one advert."""

    def assess_many(self, adverts: Sequence[JobAdvert], *, at: datetime) -> list[Assessment]:
        """Assess many adverts, in order."""


@dataclass(frozen=True)
class Context:
    """What every part of one process shares."""

    settings: Settings
    database: Database
    detector: Detector
    clock: Callable[[], datetime]
    pepper: bytes
    """Keys the hashes of keys, tokens and contacts."""


def assess(
    context: Context, adverts: Sequence[JobAdvert], *, at: datetime, thresholds: Thresholds | None = None
) -> list[Assessment]:
    """Score adverts without storing anything; a partner's own thresholds decide the band."""
    found = (
        [context.detector.assess(adverts[0], at=at)]
        if len(adverts) == 1
        else context.detector.assess_many(adverts, at=at)
    )
    return [with_thresholds(assessment, thresholds) for assessment in found]


def assess_and_store(
    context: Context,
    adverts: Sequence[JobAdvert],
    *,
    partner_id: str,
    at: datetime,
    thresholds: Thresholds | None = None,
) -> list[StoredAssessment]:
    """Score adverts and store everything that follows from it in one transaction, in order."""
    assessments = assess(context, adverts, at=at, thresholds=thresholds)
    with context.database.writing() as session:
        return store(session, adverts, assessments, partner_id=partner_id, at=at, settings=context.settings)


def store(
    session: Session,
    adverts: Sequence[JobAdvert],
    assessments: Sequence[Assessment],
    *,
    partner_id: str,
    at: datetime,
    settings: Settings,
) -> list[StoredAssessment]:
    """Store adverts with their assessments, the reviews that are due, and the audit event."""
    kept_until = at + timedelta(days=settings.retention_days)
    keys = record_adverts(session, adverts, partner_id=partner_id, at=at, expires_at=kept_until)
    pairs = list(zip(keys, assessments, strict=True))
    ids = record_assessments(session, pairs, partner_id=partner_id, at=at)
    findings = [
        Finding(
            partner_id=partner_id,
            advert_id=stored_id(advert),
            advert_key=key,
            digest=digest,
            source=advert.source,
            assessment_id=assessment_id,
            assessment=assessment,
            cause=cause,
        )
        for advert, (key, assessment), assessment_id in zip(adverts, pairs, ids, strict=True)
        for digest in (content_digest(advert),)
        if (cause := due_cause(assessment, digest=digest, sample_rate=settings.sample_rate))
    ]
    _open_reviews(session, findings, partner_id=partner_id, at=at, sample_rate=settings.sample_rate)
    if adverts:
        detail = {
            "n": len(adverts),
            "first": ids[0],
            "last": ids[-1],
            "release": assessments[0].model_version,
        }
        append_event(session, Act.ADVERTS_ASSESSED, subject=partner_id, actor=SYSTEM, at=at, detail=detail)
    return [
        StoredAssessment(assessment_id, key, assessment, kept_until)
        for assessment_id, (key, assessment) in zip(ids, pairs, strict=True)
    ]


def with_thresholds(assessment: Assessment, thresholds: Thresholds | None) -> Assessment:
    """Give the same assessment with the band these thresholds make of its score."""
    if thresholds is None or assessment.band not in BY_SCORE:
        return assessment
    band = Band.LOW
    if assessment.score >= thresholds.high:
        band = Band.HIGH
    elif assessment.score >= thresholds.review:
        band = Band.REVIEW
    return assessment.model_copy(update={"band": band, "thresholds": thresholds})


def _open_reviews(
    session: Session, findings: Sequence[Finding], *, partner_id: str, at: datetime, sample_rate: float
) -> None:
    if not findings:
        return
    ids = [finding.advert_id for finding in findings]
    known = find_reviews(session, partner_id=partner_id, advert_ids=ids)
    for finding in findings:
        review = open_review(session, finding, known.get(finding.advert_id), at=at, sample_rate=sample_rate)
        if review is not None:
            known[finding.advert_id] = review
