"""Assess adverts, store them, and open a review where one is due: the one way into the store.

API and ingest both call `assess_and_store`. Scoring happens outside the transaction, because it
is processor work; what it says is then stored with its advert, links, review and audit event at once.
What an advert shares with others is looked up in that same transaction, so that two adverts of one
campaign that arrive side by side still find each other.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from threading import Lock
from typing import Protocol

from sqlalchemy.orm import Session

from model.asking import Labelled
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, Reason, Thresholds
from service.rates import RateLimits
from service.releases import Releases
from service.review import voices
from service.review.actions import Finding, open_review
from service.review.lifting import is_linked, lifted
from service.review.queue import due_cause
from service.review.states import Cause
from service.review.watching import Arrived, raise_alerts
from service.settings import Settings
from service.store import network
from service.store.adverts import KEEP_FEATURES, KEEP_FULL, StoredAdvert, record_adverts, stored_id
from service.store.allowed import Allowed, load_allowed
from service.store.assessments import StoredAssessment, find_assessment, record_assessments
from service.store.audit import SYSTEM, Act, append_event
from service.store.columns import storable
from service.store.database import Database
from service.store.keyring import Keyring
from service.store.links import Links, links_of
from service.store.reviews import find_reviews
from service.store.tables import ReviewRow
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

    @property
    def learnt_from(self) -> Labelled:
        """How many adverts it was trained on, by language and by sign."""

    @property
    def thresholds(self) -> Thresholds:
        """The scores at which its bands begin."""

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        """Assess one advert."""

    def assess_many(self, adverts: Sequence[JobAdvert], *, at: datetime) -> list[Assessment]:
        """Assess many adverts, in order."""


class Keep(StrEnum):
    """What is kept of a call."""

    FULL = KEEP_FULL
    """The advert, its assessment and what links it to others."""
    FEATURES = KEEP_FEATURES
    """Score, band, reasons and links; neither the advert's words nor where it stood."""
    NONE = "none"
    """Nothing."""


@dataclass(frozen=True)
class Submission:
    """Assessed adverts of one partner, on their way into the store."""

    partner_id: str
    adverts: tuple[JobAdvert, ...]
    assessments: tuple[Assessment, ...]
    """One per advert, in the same order."""
    at: datetime
    links: tuple[Links, ...] = ()
    """One per advert; empty when none is to be linked."""
    keep: Keep = Keep.FULL
    """What is kept of them; `NONE` never comes this far."""


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
    releases: Releases[Detector]
    """The serving release and, when asked for, another installed one."""
    lane: Lock = field(default_factory=Lock)
    """Single adverts are scored one after the other: threads that take turns at the interpreter all end late."""


def assess(
    context: Context,
    adverts: Sequence[JobAdvert],
    *,
    at: datetime,
    thresholds: Thresholds | None = None,
    detector: Detector | None = None,
) -> list[Assessment]:
    """Score adverts without storing anything; a partner's own thresholds decide the band."""
    detector = detector or context.detector
    found = (
        [detector.assess(adverts[0], at=at)] if len(adverts) == 1 else detector.assess_many(adverts, at=at)
    )
    return [with_thresholds(assessment, thresholds) for assessment in found]


def assess_and_store(
    context: Context,
    adverts: Sequence[JobAdvert],
    *,
    partner_id: str,
    at: datetime,
    thresholds: Thresholds | None = None,
    keep: Keep = Keep.FULL,
    detector: Detector | None = None,
) -> list[StoredAssessment]:
    """Score adverts and store everything that follows from it in one transaction, in order."""

    def prepare() -> Submission:
        with context.lane if len(adverts) == 1 else nullcontext():
            assessments = assess(context, adverts, at=at, thresholds=thresholds, detector=detector)
            links = tuple(links_of(advert, pepper=context.pepper) for advert in adverts)
        return Submission(partner_id, tuple(adverts), tuple(assessments), at, links, keep)

    if keep is Keep.NONE:
        return _only_looked_up(context, prepare())
    return context.writer.do(prepare)


def store_together(
    session: Session, submissions: Sequence[Submission], *, settings: Settings
) -> list[list[StoredAssessment]]:
    """Store several submissions at the price of one per partner; gives each its own, in order."""
    stored: dict[int, list[StoredAssessment]] = {}
    for partner_id, keep in sorted({(one.partner_id, one.keep) for one in submissions}):
        group = [
            (n, one) for n, one in enumerate(submissions) if (one.partner_id, one.keep) == (partner_id, keep)
        ]
        together = Submission(
            partner_id,
            tuple(advert for _, one in group for advert in one.adverts),
            tuple(assessment for _, one in group for assessment in one.assessments),
            max(one.at for _, one in group),
            tuple(links for _, one in group for links in one.links or (Links(),) * len(one.adverts)),
            keep,
        )
        answers = iter(store(session, together, settings=settings))
        stored |= {n: list(islice(answers, len(one.adverts))) for n, one in group}
    return [stored[n] for n in range(len(submissions))]


def store(session: Session, submission: Submission, *, settings: Settings) -> list[StoredAssessment]:
    """Store adverts with their links and assessments, the reviews that are due, and the audit event."""
    adverts = submission.adverts
    if not adverts:
        return []
    partner_id, at = submission.partner_id, submission.at
    places = record_adverts(
        session,
        adverts,
        partner_id=partner_id,
        at=at,
        expires_at=at + timedelta(days=settings.retention_days),
        keep=[submission.keep.value] * len(adverts),
    )
    completed = {place.key for place in places if place.is_completed}
    standings = _join(session, submission, places)
    said = [
        _in_company(assessment, standing)
        for assessment, standing in zip(submission.assessments, standings, strict=True)
    ]
    pairs = [
        (place.key, one if place.kept == KEEP_FULL else without_words(one))
        for place, one in zip(places, said, strict=True)
    ]
    ids = record_assessments(
        session,
        pairs,
        partner_id=partner_id,
        at=at,
        lifted_from=[
            before.band if before.band is not after.band else None
            for before, after in zip(submission.assessments, said, strict=True)
        ],
        completed=completed,
    )
    allowed = _allowed_by(session, partner_id, adverts, at=at)
    stored = [
        StoredAssessment(
            assessment_id, place.key, one, place.expires_at, place.kept, _is_allowed(allowed, advert, one)
        )
        for advert, place, one, assessment_id in zip(adverts, places, said, ids, strict=True)
    ]
    opened = _open_reviews(session, submission, places, stored, sample_rate=settings.sample_rate)
    if completed:
        voices.hear_noted(session, completed, at=at)
    _alert(session, submission, stored, opened)
    release = submission.assessments[0].model_version
    detail = {"n": len(ids), "first": ids[0], "last": ids[-1], "release": release}
    append_event(session, Act.ADVERTS_ASSESSED, subject=partner_id, actor=SYSTEM, at=at, detail=detail)
    return stored


def read_again(context: Context, assessment_id: str, *, partner_id: str) -> StoredAssessment | None:
    """Give a partner's stored assessment with what its advert shares by now; None when it is not this partner's."""
    with context.database.reading() as session:
        stored = find_assessment(session, assessment_id, partner_id=partner_id)
        if stored is None:
            return None
        links = network.load_links(session, [stored.advert_key], partner_id=partner_id).get(stored.advert_key)
        if links is None:
            return stored
        advert_id = storable(stored.assessment.advert_id) or ""
        standing = network.look_up(session, links, partner_id=partner_id, advert_id=advert_id)
        linked = standing.linked
        if network.is_confirmed(session, stored.advert_key):
            linked = linked.model_copy(update={"confirmed": max(0, linked.confirmed - 1)})
    return replace(stored, assessment=stored.assessment.model_copy(update={"linked": linked}))


def without_words(assessment: Assessment) -> Assessment:
    """Give an assessment without anything the advert said: reasons and their weights stay, spans and facts go."""
    reasons = tuple(_bare(reason) for reason in assessment.reasons)
    return assessment.model_copy(update={"reasons": reasons, "facts": ()})


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


def _only_looked_up(context: Context, submission: Submission) -> list[StoredAssessment]:
    with context.database.reading() as session:
        known = network.load_known(session, submission.links, partner_id=submission.partner_id)
        allowed = _allowed_by(session, submission.partner_id, submission.adverts, at=submission.at)
    answers = []
    for advert, said, links in zip(submission.adverts, submission.assessments, submission.links, strict=True):
        one = _in_company(said, known.standing(links, advert_id=stored_id(advert)))
        answers.append(
            StoredAssessment(None, "", one, None, Keep.NONE.value, _is_allowed(allowed, advert, one))
        )
    return answers


def _join(
    session: Session, submission: Submission, places: Sequence[StoredAdvert]
) -> Sequence[network.Standing]:
    links = submission.links or (Links(),) * len(places)
    arrivals = [
        network.Arrival(place.key, stored_id(advert), one)
        for advert, place, one in zip(submission.adverts, places, links, strict=True)
    ]
    return network.join(session, arrivals, partner_id=submission.partner_id, at=submission.at)


def _in_company(assessment: Assessment, standing: network.Standing) -> Assessment:
    if standing.linked.campaign is None and not standing.linked.via and not standing.confirmed_via:
        return assessment
    return lifted(assessment.model_copy(update={"linked": standing.linked}), standing.confirmed_via)


def _allowed_by(session: Session, partner_id: str, adverts: Sequence[JobAdvert], *, at: datetime) -> Allowed:
    """Give the partner's list, unread where no advert names an employer."""
    if not any(advert.employer for advert in adverts):
        return Allowed(frozenset())
    return load_allowed(session, partner_id, at=at)


def _is_allowed(allowed: Allowed, advert: JobAdvert, assessment: Assessment) -> bool:
    """Tell whether the partner's own list settles it; a link to confirmed adverts is never settled that way."""
    return not is_linked(assessment) and allowed.names(advert.employer)


def _bare(reason: Reason) -> Reason:
    return reason.model_copy(update={"spans": ()})


def _open_reviews(
    session: Session,
    submission: Submission,
    places: Sequence[StoredAdvert],
    stored: Sequence[StoredAssessment],
    *,
    sample_rate: float,
) -> dict[str, ReviewRow]:
    """Open the reviews that are due, and give those that were, by the version of the advert.

    Nobody can look at an advert whose words were not kept.
    """
    partner_id, at = submission.partner_id, submission.at
    findings = [
        Finding(
            partner_id=partner_id,
            advert_id=stored_id(advert),
            advert_key=place.key,
            digest=place.digest,
            source=advert.source,
            assessment_id=str(one.id),
            assessment=one.assessment,
            cause=cause,
        )
        for advert, place, one in zip(submission.adverts, places, stored, strict=True)
        if place.kept == KEEP_FULL
        and (cause := due_cause(one.assessment, digest=place.digest, sample_rate=sample_rate))
        and (not one.allowed or cause is Cause.SAMPLE)
    ]
    if not findings:
        return {}
    known = find_reviews(session, partner_id=partner_id, advert_ids=[one.advert_id for one in findings])
    opened = {}
    for finding in findings:
        review = open_review(session, finding, known.get(finding.advert_id), at=at, sample_rate=sample_rate)
        if review is not None:
            known[finding.advert_id] = opened[finding.advert_key] = review
    return opened


def _alert(
    session: Session,
    submission: Submission,
    stored: Sequence[StoredAssessment],
    opened: Mapping[str, ReviewRow],
) -> None:
    """Tell whoever watches for something that has come with these adverts."""
    links = submission.links or (Links(),) * len(stored)
    arrived = [
        Arrived(place.advert_key, one.ids, place.assessment.linked.campaign, opened.get(place.advert_key))
        for place, one in zip(stored, links, strict=True)
    ]
    raise_alerts(session, arrived, at=submission.at)
