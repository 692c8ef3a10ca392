"""Assess adverts, store them, and open a review where one is due: the one way into the store.

API and ingest both call `assess_and_store`. Scoring happens outside the transaction, because it
is processor work; what it says is then stored with its advert, review and audit event at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, Thresholds
from service.rates import RateLimits
from service.review.actions import Finding, open_review
from service.review.queue import due_cause
from service.settings import Settings
from service.store.adverts import record_adverts, stored_id
from service.store.assessments import StoredAssessment, record_assessments
from service.store.audit import SYSTEM, Act, append_event
from service.store.database import Database
from service.store.keyring import Keyring
from service.store.reviews import find_reviews
from service.store.writer import SharedWriter

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
class Submission:
    """Assessed adverts of one partner, on their way into the store."""

    partner_id: str
    adverts: tuple[JobAdvert, ...]
    assessments: tuple[Assessment, ...]
    """One per advert, in the same order."""
    at: datetime


@dataclass(frozen=True)
class Context:
    """What every part of one process shares."""

    settings: Settings
    database: Database
    detector: Detector
    clock: Callable[[], datetime]
    pepper: bytes
    """Keys the hashes of keys, tokens and contacts."""
    rates: RateLimits
    """Refuses partners who send too much."""
    keys: Keyring
    """Finds partners by their key."""
    writer: SharedWriter[Submission, list[StoredAssessment]]
    """Stores what requests bring in at the same moment in one transaction."""


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
    return context.writer.do(Submission(partner_id, tuple(adverts), tuple(assessments), at))


def store_together(
    session: Session, submissions: Sequence[Submission], *, settings: Settings
) -> list[list[StoredAssessment]]:
    """Store several submissions at the price of one per partner; gives each its own, in order."""
    stored: dict[int, list[StoredAssessment]] = {}
    for partner_id in sorted({submission.partner_id for submission in submissions}):
        group = [(n, one) for n, one in enumerate(submissions) if one.partner_id == partner_id]
        together = Submission(
            partner_id,
            tuple(advert for _, one in group for advert in one.adverts),
            tuple(assessment for _, one in group for assessment in one.assessments),
            max(one.at for _, one in group),
        )
        answers = iter(store(session, together, settings=settings))
        stored |= {n: list(islice(answers, len(one.adverts))) for n, one in group}
    return [stored[n] for n in range(len(submissions))]


def store(session: Session, submission: Submission, *, settings: Settings) -> list[StoredAssessment]:
    """Store adverts with their assessments, the reviews that are due, and the audit event."""
    if not submission.adverts:
        return []
    partner_id, at = submission.partner_id, submission.at
    kept_until = at + timedelta(days=settings.retention_days)
    places = record_adverts(session, submission.adverts, partner_id=partner_id, at=at, expires_at=kept_until)
    pairs = [(place.key, said) for place, said in zip(places, submission.assessments, strict=True)]
    ids = record_assessments(session, pairs, partner_id=partner_id, at=at)
    findings = [
        Finding(
            partner_id=partner_id,
            advert_id=stored_id(advert),
            advert_key=place.key,
            digest=place.digest,
            source=advert.source,
            assessment_id=assessment_id,
            assessment=said,
            cause=cause,
        )
        for advert, place, said, assessment_id in zip(
            submission.adverts, places, submission.assessments, ids, strict=True
        )
        if (cause := due_cause(said, digest=place.digest, sample_rate=settings.sample_rate))
    ]
    _open_reviews(session, findings, partner_id=partner_id, at=at, sample_rate=settings.sample_rate)
    release = submission.assessments[0].model_version
    detail = {"n": len(ids), "first": ids[0], "last": ids[-1], "release": release}
    append_event(session, Act.ADVERTS_ASSESSED, subject=partner_id, actor=SYSTEM, at=at, detail=detail)
    return [
        StoredAssessment(assessment_id, key, said, kept_until)
        for assessment_id, (key, said) in zip(ids, pairs, strict=True)
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
