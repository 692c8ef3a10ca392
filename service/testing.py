"""Test keys: adverts that force every band and every reason, and nothing that is ever stored or learnt from.

An advert whose id is `test:band:BAND` or `test:reason:CODE` gets the same answer always, whatever its words,
whichever release serves and whichever process answers. The answer's own id says which it was, so that it can be
read again although nothing was kept. Any other advert sent with a test key is scored for real and has no such id.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from model.notices.notices import known_codes
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, Language, Reason, Source, Support, Thresholds
from model.schema.record import Record
from service.assessing import Context, Detector, Keep, assess_and_store
from service.errors import FieldFault, InvalidFieldsError
from service.review.queue import LINKED
from service.store.assessments import StoredAssessment

PREFIX, ANSWER_PREFIX = "test:", "asmtest_"
_LOW, _HIGH = 0.03, 0.97
_FORCED = "all_inclusive_package", "upfront_fee"
_WEIGHT = 1.0
_LINES = Thresholds(review=0.5, high=0.9)
"""In place of the release's, so that a forced answer stays the same when another serves."""
_SAID_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When a forced answer was given, whenever it is asked for."""
TEST_SOURCE = Source(publisher="Lurewatch", title="A test advert; nothing was published about it")


class ForcedAdvert(Record):
    """An advert that forces an answer."""

    id: str
    """Send an advert with this id, and any words."""
    band: Band
    """The band of the answer, under any thresholds."""
    reason: str | None
    """The reason code that the answer is about."""


def list_test_adverts() -> list[ForcedAdvert]:
    """Give every advert that forces an answer: one per band, one per reason code."""
    codes = sorted({*known_codes(), LINKED})
    return [
        *(ForcedAdvert(id=f"{PREFIX}band:{band.value}", band=band, reason=None) for band in Band),
        *(ForcedAdvert(id=f"{PREFIX}reason:{code}", band=Band.REVIEW, reason=code) for code in codes),
    ]


def is_forced(advert: JobAdvert) -> bool:
    """Tell whether the advert's id asks for a forced answer."""
    return advert.id.startswith(PREFIX)


def check_forced(advert: JobAdvert) -> None:
    """Raise 422 when there is no such test advert."""
    _wanted(advert)


def try_out(
    context: Context,
    adverts: Sequence[JobAdvert],
    *,
    partner_id: str,
    thresholds: Thresholds | None,
    detector: Detector,
) -> list[StoredAssessment]:
    """Answer a test key: forced answers for test adverts, real ones for others, and nothing stored."""
    at = context.clock()
    real = [advert for advert in adverts if not is_forced(advert)]
    scored = iter(
        assess_and_store(
            context,
            real,
            partner_id=partner_id,
            at=at,
            thresholds=thresholds,
            keep=Keep.NONE,
            detector=detector,
        )
        if real
        else ()
    )
    return [
        forced(advert, thresholds=thresholds, detector=detector) if is_forced(advert) else next(scored)
        for advert in adverts
    ]


def forced(advert: JobAdvert, *, thresholds: Thresholds | None, detector: Detector) -> StoredAssessment:
    """Give the answer that a test advert asks for; raises 422 when there is no such test advert."""
    band, codes = _wanted(advert)
    lines = thresholds or _LINES
    score = _score(band, codes, lines)
    said = Assessment(
        advert_id=advert.id,
        score=score,
        band=band,
        thresholds=lines,
        patterns={"scam_centre": score},
        reasons=_reasons(codes, score),
        language=Language(code="en", script="Latn", support=Support.FULL, confidence=1.0),
        notes=("a test advert: this answer was asked for by its id",),
        model_version=detector.model_version,
        catalogue_version=detector.catalogue_version,
        assessed_at=_SAID_AT,
    )
    answer_id = ANSWER_PREFIX + advert.id.removeprefix(PREFIX).replace(":", "_")
    return StoredAssessment(answer_id, "", said, None, Keep.NONE)


def read_forced(
    answer_id: str, *, thresholds: Thresholds | None, detector: Detector
) -> StoredAssessment | None:
    """Give the answer of that id again; None when no test advert has such an answer."""
    if not answer_id.startswith(ANSWER_PREFIX):
        return None
    asked = JobAdvert(id=PREFIX + answer_id.removeprefix(ANSWER_PREFIX).replace("_", ":", 1), title=PREFIX)
    try:
        said = forced(asked, thresholds=thresholds, detector=detector)
    except InvalidFieldsError:
        return None
    return said if said.id == answer_id else None


def _wanted(advert: JobAdvert) -> tuple[Band, tuple[str, ...]]:
    kind, _, wanted = advert.id.removeprefix(PREFIX).partition(":")
    if kind == "band" and wanted in {band.value for band in Band}:
        return Band(wanted), _FORCED if wanted in {Band.HIGH.value, Band.REVIEW.value} else ()
    if kind == "reason" and wanted in {*known_codes(), LINKED}:
        return Band.REVIEW, (wanted,)
    fault = FieldFault("/id", "unknown_test_advert", "GET /v1/test-adverts lists those there are")
    raise InvalidFieldsError(f"/id: no such test advert; {fault.detail}", faults=[fault])


def _score(band: Band, codes: Sequence[str], thresholds: Thresholds) -> float:
    if band is Band.HIGH:
        return max(_HIGH, (thresholds.high + 1) / 2)
    if band is Band.REVIEW and LINKED not in codes:
        return (thresholds.review + thresholds.high) / 2
    return min(_LOW, thresholds.review / 2)


def _reasons(codes: Sequence[str], score: float) -> tuple[Reason, ...]:
    bounded = min(max(score, 1e-9), 1 - 1e-9)
    weights = {code: 0.0 if code == LINKED else _WEIGHT for code in codes}
    baseline = math.log(bounded / (1 - bounded)) - sum(weights.values())
    made = [
        Reason(code=code, title=code.replace("_", " "), log_odds=weight, sources=(TEST_SOURCE,))
        for code, weight in weights.items()
    ]
    return (*made, Reason(code="baseline", title="Before reading", log_odds=baseline))
