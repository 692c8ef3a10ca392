"""What travels over the wire: envelopes around the shared records, and nothing the records say already."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment
from model.schema.record import Record
from service.errors import FieldFault, InvalidFieldsError, ServiceError
from service.problems import invalid
from service.store.assessments import StoredAssessment

MAX_BATCH = 100


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

    store: Literal["full"]
    """`full`: the advert and its assessment."""
    until: datetime
    """When both are erased (UTC)."""


class ScoreAnswer(Assessment):
    """An assessment with its id. Clients must tolerate new fields and new enum values."""

    id: str
    """For `GET /v1/assessments/{id}`."""
    ignored: tuple[str, ...] = ()
    """Names of fields that were sent and are not known."""
    kept: Kept
    """What is kept of this call, and until when."""


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


def answer(stored: StoredAssessment, ignored: tuple[str, ...] = ()) -> ScoreAnswer:
    """Wrap a stored assessment for its sender."""
    said = {name: getattr(stored.assessment, name) for name in Assessment.model_fields}
    kept = Kept(store="full", until=stored.kept_until)
    return ScoreAnswer.model_construct(**said, id=stored.id, ignored=ignored, kept=kept)


def _invalid_advert(error: ValidationError) -> ServiceError:
    """Name the field that should have held the words, where an advert has none."""
    told = invalid(error)
    if len(told.faults) == 1 and told.faults[0].pointer == "" and told.faults[0].code == "value_error":
        fault = FieldFault("/description", "missing", told.faults[0].detail)
        return InvalidFieldsError(f"/description: {fault.detail}", faults=[fault])
    return told
