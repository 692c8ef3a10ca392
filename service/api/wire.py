"""What travels over the wire: envelopes around the shared records, and nothing the records say already."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.notices.notices import (
    Notices,
    Referral,
    audience_countries,
    notices_for,
    places_of_work,
    referrals_for,
)
from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment, Band
from model.schema.record import Record
from service.advice import Advice, Mode, advise
from service.api.options import Shown
from service.errors import FieldFault, InvalidFieldsError, ServiceError
from service.problems import invalid
from service.store.assessments import StoredAssessment

MAX_BATCH = 100
_SILENT = frozenset({Band.LOW, Band.NOT_AN_ADVERT})
_WITH_REFERRALS = frozenset({Band.REVIEW, Band.HIGH})
_KEPT: dict[str, tuple[str, ...]] = {
    "full": ("the advert", "its assessment", "keyed hashes of its contacts and wording"),
    "features": (
        "its id and day",
        "its assessment without your words",
        "keyed hashes of its contacts and wording",
    ),
    "none": (),
}


class ScoreRequest(JobAdvert):
    """One advert to score: a title or a description is enough. Unknown fields are named back as `ignored`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "required": [],
            "anyOf": [{"required": ["title"]}, {"required": ["description"]}, {"required": ["text"]}],
            "examples": [
                {
                    "id": "JB-88213",
                    "title": "Customer service, Poipet",
                    "description": "Free flight, room and meals. No experience. Contact Telegram @example_hr",
                    "places": ["Poipet, KH"],
                }
            ],
        },
    )
    text: str | None = None
    """Another name for `description`."""

    def split(self) -> tuple[JobAdvert, tuple[str, ...]]:
        """Give the advert, and the names of the fields we do not know."""
        known = {name: getattr(self, name) for name in JobAdvert.model_fields}
        return JobAdvert.model_construct(**known), tuple(sorted(self.model_extra or ()))


class BatchRequest(BaseModel):
    """Up to 100 adverts; each is judged by itself, and one bad advert spoils no other."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    adverts: list[dict[str, Any]] = Field(min_length=1, max_length=MAX_BATCH)
    """The adverts, each as in `POST /v1/score`."""


class Kept(Record):
    """What is kept of this call, and until when."""

    store: str
    """`full`, `features` or `none`. An advert sent as `features` and then as `full` is kept in full from then on; one
    that is kept in full stays so."""
    until: datetime | None
    """When it is erased (UTC); null when nothing is kept."""
    what: tuple[str, ...] = ()
    """What that is, in words."""


class ScoreAnswer(Assessment):
    """An assessment with its id. Clients must tolerate new fields and new enum values."""

    id: str | None
    """For `GET /v1/assessments/{id}`; null when nothing is kept."""
    ignored: tuple[str, ...] = ()
    """Names of fields that were sent and are not known."""
    kept: Kept
    """What is kept of this call, and until when."""
    action: Advice
    """What your key's mode advises to do. We take no action ourselves."""
    notices: Notices | None = None
    """What may be said to whoever reads or placed the advert, in the language asked for; null where there is no cause."""
    referrals: tuple[Referral, ...] = ()
    """Published places to ask, for `review` and `high`: of the readers' country, of the place of work, across borders.
    None is verified: show source and year with each."""


class AssessmentLine(BaseModel):
    """An assessment in short."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    id: str
    """For `GET /v1/assessments/{id}`."""
    advert_id: str
    """Your id of the advert."""
    score: float
    """The calibrated score."""
    band: str
    """The band; tolerate others than you know."""
    model_version: str
    """The release that answered."""
    assessed_at: datetime
    """When (UTC)."""


class FaultOut(Record):
    """One field that cannot be used."""

    pointer: str
    """JSON pointer into the body."""
    code: str
    """Stable name of the fault."""
    detail: str
    """What is wrong."""


class ProblemOut(Record):
    """A problem as in RFC 9457."""

    type: str
    """Stable address of this kind of problem."""
    title: str
    """The kind in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong and what to do."""
    instance: str
    """The address that was called."""
    request_id: str
    """Give this when you ask us about it."""
    errors: tuple[FaultOut, ...] = ()
    """Which fields, when fields are the problem."""


class BatchItem(BaseModel):
    """One advert's result: an answer or a problem."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    index: int
    """Its place in the request."""
    status: int
    """The status it would have had alone."""
    answer: ScoreAnswer | None = None
    """With status 200."""
    problem: ProblemOut | None = None
    """With any other status."""


class BatchAnswer(BaseModel):
    """All results, in the order of the request."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    items: list[BatchItem]
    """One per advert."""


def read_request(raw: bytes) -> tuple[JobAdvert, tuple[str, ...]]:
    """Read one advert from a body; raises 400 when it is no JSON, 422 naming each bad field."""
    try:
        return ScoreRequest.model_validate_json(raw).split()
    except ValidationError as error:
        raise _invalid_advert(error) from None


def read_batch(raw: bytes) -> BatchRequest:
    """Read a batch's envelope; its adverts are read one by one."""
    try:
        return BatchRequest.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(error) from None


def read_batch_item(raw: dict[str, Any]) -> tuple[JobAdvert, tuple[str, ...]]:
    """Read one advert of a batch; raises 422 naming each bad field."""
    try:
        return read_advert(raw)
    except ValidationError as error:
        raise _invalid_advert(error) from None


def answer(
    stored: StoredAssessment,
    ignored: tuple[str, ...] = (),
    *,
    shown: Shown = Shown(),  # noqa: B008 - frozen
    mode: str = Mode.ADVISE,
) -> ScoreAnswer:
    """Wrap an assessment for its sender."""
    said = stored.assessment
    fields = {name: getattr(said, name) for name in Assessment.model_fields}
    if not shown.explain:
        fields |= {"reasons": (), "facts": ()}
    notices, referrals = _to_show(said, shown.language or said.language.code)
    return ScoreAnswer.model_construct(
        **fields,
        id=stored.id,
        ignored=ignored,
        kept=Kept(store=stored.kept, until=stored.kept_until, what=_KEPT[stored.kept]),
        action=advise(said, mode=Mode(mode), allowed=stored.allowed),
        notices=notices,
        referrals=referrals,
    )


def _to_show(said: Assessment, language: str) -> tuple[Notices | None, tuple[Referral, ...]]:
    if said.band in _SILENT:
        return None, ()
    notices = notices_for(said, language=language)
    if said.band not in _WITH_REFERRALS:
        return notices, ()
    return notices, referrals_for([*audience_countries(said), *places_of_work(said)])


def _invalid_advert(error: ValidationError) -> ServiceError:
    """Name the field that should have held the words, where an advert has none."""
    told = invalid(error)
    if len(told.faults) == 1 and told.faults[0].pointer == "" and told.faults[0].code == "value_error":
        fault = FieldFault("/description", "missing", told.faults[0].detail)
        return InvalidFieldsError(f"/description: {fault.detail}", faults=[fault])
    return told
