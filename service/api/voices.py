"""What a partner says back: feedback on adverts, and appeals of those who placed them."""

from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from model.schema.decision import PATTERNS, LabelName, Verdict
from model.schema.record import Record
from service.api.docs import PROBLEMS, body_of
from service.api.security import KEY
from service.api.v1 import Body
from service.api.wire import read_batch_item
from service.assessing import Context, assess_and_store
from service.auth import authenticate
from service.errors import FieldFault, ForbiddenError, InvalidFieldsError, NotFoundError
from service.idempotency import IdempotentRoute
from service.problems import invalid
from service.releases import find_learner
from service.review import voices
from service.review.verdicts import REASON_CODES
from service.store import appeals
from service.store import feedback as store
from service.store.columns import storable
from service.store.partners import Partner
from service.store.tables import AdvertRow, AppealRow, AssessmentRow, FeedbackRow

router = APIRouter(prefix="/v1", tags=["feedback and appeals"], route_class=IdempotentRoute, dependencies=KEY)

Model = TypeVar("Model", bound=BaseModel)
_ANSWERS = {Verdict.UNSURE.value: "undecided"}


class About(BaseModel):
    """Which advert is meant."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    assessment_id: str | None = Field(default=None, max_length=40)
    """An answer's `id`."""
    advert_id: str | None = Field(default=None, max_length=200)
    """Your own id of an advert that you sent; its latest version is meant."""


class FeedbackRequest(About):
    """What you say of an advert: name one we scored, or send a new one."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "advert_id": "JB-88213",
                    "verdict": "legitimate",
                    "reason_code": "employer_verified",
                    "note": "Visited; twelve employees",
                }
            ]
        },
    )
    advert: dict[str, Any] | None = None
    """A new advert, as in `POST /v1/score`; it is scored and kept."""
    verdict: Verdict
    """What it is."""
    pattern: LabelName | None = None
    """With `confirmed`: which deception."""
    reason_code: str | None = Field(default=None, max_length=40)
    """Why, from the codes of the verdict; see `/v1/reason-codes`."""
    source: voices.Source = voices.Source.MODERATOR
    """Who says so."""
    reporter: str | None = Field(default=None, min_length=1, max_length=100)
    """An opaque name of who reported it, so that one who floods can be set aside alone; never a person's own."""
    note: str | None = Field(default=None, max_length=voices.MOST_NOTE)
    """In your own words; only reviewers read it."""


class AppealRequest(About):
    """An objection of whoever placed an advert, handed on by you."""

    employer: str | None = Field(default=None, max_length=200)
    """Who objects: a business, not a person."""
    statement: str = Field(min_length=1, max_length=voices.MOST_NOTE)
    """What they say, and what shows it: a register entry, a licence number, a page of their own."""


class Effect(Record):
    """What became of feedback."""

    state: str
    """`noted` (nothing to decide), `queued`, `quarantined` (one reporter sent very much of it: an operator looks
    first), `agreed`, `disagreed`, or `undecided`. Open: tolerate new values."""
    verdict: str | None = None
    """The reviewer's verdict."""
    decided_at: datetime | None = None
    """When it was given (UTC)."""
    label_batch: str | None = None
    """The batch of training labels that the verdict went into; the next release learns from it."""
    learnt_by: str | None = None
    """The first release trained with that batch, once it has been promoted; `/version` names the one that scores."""


class FeedbackOut(Record):
    """Feedback as it was taken, and what became of it."""

    id: str
    """For `GET /v1/feedback/{id}`."""
    advert_id: str
    """Which advert."""
    verdict: str
    """What you said."""
    pattern: str | None
    """Which deception, as you said."""
    reason_code: str | None
    """Why, as you said."""
    source: str
    """Who said so."""
    received_at: datetime
    """When it came first (UTC)."""
    effect: Effect
    """What became of it by now."""


class AppealOut(Record):
    """An appeal and its outcome."""

    id: str
    """For `GET /v1/appeals/{id}`."""
    advert_id: str
    """Which advert."""
    state: str
    """`open` until a person has decided, then `decided`."""
    outcome: str | None
    """`upheld`: the advert is honest, or no advert. `rejected`: it was confirmed."""
    received_at: datetime
    """When it came (UTC)."""
    decided_at: datetime | None
    """When it was decided (UTC)."""


class ReasonCode(Record):
    """A reason that can be given with a verdict."""

    verdict: str
    """The verdict it goes with."""
    code: str
    """What to send."""
    title: str
    """What it means."""


@router.get("/reason-codes", summary="Reasons that go with verdicts", responses=PROBLEMS)
def reason_codes(request: Request) -> list[ReasonCode]:
    """List the reason codes that feedback may carry."""
    authenticate(request, request.app.state.context, "feedback")
    return [
        ReasonCode(verdict=verdict.value, code=code, title=title)
        for verdict, codes in REASON_CODES.items()
        for code, title in codes
    ]


@router.post(
    "/feedback",
    summary="Say what an advert is",
    status_code=201,
    response_model=FeedbackOut,
    responses=PROBLEMS | {200: {"description": "The same feedback as before", "model": FeedbackOut}},
    openapi_extra=body_of(FeedbackRequest),
)
def post_feedback(request: Request, raw: Body) -> Response:
    """Correct or confirm an answer. The same content twice is one feedback: 201 the first time, 200 after."""
    context: Context = request.app.state.context
    partner = _writer(request, context)
    wanted = _read(FeedbackRequest, raw)
    told = _told(wanted, partner)
    assessment_id = _scored(request, context, partner, wanted)
    with context.database.writing() as session:
        advert, assessment = _judged(session, partner, wanted, assessment_id)
        row, is_new = voices.take_feedback(
            session, advert, assessment, told, key_id=partner.key_id, at=context.clock()
        )
        return _json(_feedback_out(context, session, row), status=201 if is_new else 200)


@router.get(
    "/feedback/{feedback_id}",
    summary="What became of feedback",
    response_model=FeedbackOut,
    responses=PROBLEMS,
)
def get_feedback(request: Request, feedback_id: str) -> Response:
    """Read your feedback again, with what a person said since and whether training has it."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "feedback")
    with context.database.reading() as session:
        return _json(
            _feedback_out(context, session, store.get_feedback(session, feedback_id, partner_id=partner.id))
        )


@router.post(
    "/appeals",
    summary="Ask for a second look",
    status_code=201,
    response_model=AppealOut,
    responses=PROBLEMS | {200: {"description": "The same appeal as before", "model": AppealOut}},
    openapi_extra=body_of(AppealRequest),
)
def post_appeal(request: Request, raw: Body) -> Response:
    """Hand on an employer's objection: its advert goes to the head of the review queue."""
    context: Context = request.app.state.context
    partner = _writer(request, context)
    wanted = _read(AppealRequest, raw)
    with context.database.writing() as session:
        advert, assessment = _judged(session, partner, wanted, None)
        row, is_new = voices.take_appeal(
            session,
            advert,
            assessment,
            employer=wanted.employer,
            statement=wanted.statement,
            key_id=partner.key_id,
            at=context.clock(),
        )
        return _json(_appeal_out(session, row), status=201 if is_new else 200)


@router.get(
    "/appeals/{appeal_id}", summary="How an appeal ended", response_model=AppealOut, responses=PROBLEMS
)
def get_appeal(request: Request, appeal_id: str) -> Response:
    """Read an appeal with its outcome; the webhook `appeal.decided` says it as well."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "feedback")
    with context.database.reading() as session:
        return _json(_appeal_out(session, appeals.get_appeal(session, appeal_id, partner_id=partner.id)))


def _writer(request: Request, context: Context) -> Partner:
    partner = authenticate(request, context, "feedback")
    if partner.is_test:
        raise ForbiddenError("a test key stores nothing, and so gives no feedback; use a live one")
    context.rates.take(partner.id, cost=1)
    return partner


def _told(wanted: FeedbackRequest, partner: Partner) -> voices.Told:
    if wanted.pattern is not None and (
        wanted.verdict is not Verdict.CONFIRMED or wanted.pattern not in PATTERNS
    ):
        raise _fault("/pattern", "unfit", "names a deception and goes with `confirmed` only")
    codes = {code for code, _ in REASON_CODES[wanted.verdict]}
    if wanted.reason_code is not None and wanted.reason_code not in codes:
        raise _fault("/reason_code", "unknown_reason", "GET /v1/reason-codes lists those of each verdict")
    return voices.Told(
        verdict=wanted.verdict,
        pattern=wanted.pattern,
        reason_code=wanted.reason_code,
        source=wanted.source,
        reporter=storable(wanted.reporter) or partner.key_id,
        note=wanted.note,
    )


def _scored(request: Request, context: Context, partner: Partner, wanted: FeedbackRequest) -> str | None:
    """Score and keep an advert that came with its feedback; None when one that is known is meant."""
    if wanted.advert is None:
        return None
    if wanted.assessment_id is not None or wanted.advert_id is not None:
        raise _fault("/advert", "too_many", "name one advert: `assessment_id`, `advert_id` or `advert`")
    advert, _ = read_batch_item(wanted.advert)
    stored = assess_and_store(context, [advert], partner_id=partner.id, at=context.clock())[0]
    request.app.state.metrics.assessed.labels(stored.assessment.band.value).inc()
    return stored.id


def _judged(
    session: Session, partner: Partner, wanted: About, assessment_id: str | None
) -> tuple[AdvertRow, AssessmentRow]:
    if assessment_id is None and (wanted.assessment_id is None) == (wanted.advert_id is None):
        raise _fault("/advert_id", "missing", "name one advert: its `assessment_id` or its `advert_id`")
    found = store.find_judged(
        session,
        partner.id,
        assessment_id=assessment_id or storable(wanted.assessment_id),
        advert_id=storable(wanted.advert_id),
    )
    if found is None:
        raise NotFoundError("there is no such advert of yours")
    return found


def _feedback_out(context: Context, session: Session, row: FeedbackRow) -> FeedbackOut:
    return FeedbackOut(
        id=row.id,
        advert_id=session.get_one(AdvertRow, row.advert_key).advert_id,
        verdict=row.verdict,
        pattern=row.pattern,
        reason_code=row.reason_code,
        source=row.source,
        received_at=row.received_at,
        effect=_effect(context, session, row),
    )


def _effect(context: Context, session: Session, row: FeedbackRow) -> Effect:
    if row.state == voices.FeedbackState.QUARANTINED:
        return Effect(state="quarantined")
    if row.review_id is None:
        return Effect(state="noted")
    answered = store.answer_to(session, row)
    decision = answered.decision
    if decision is None:
        return Effect(state="queued")
    agreed = "agreed" if decision.verdict == row.verdict else "disagreed"
    batch = answered.label_batch
    return Effect(
        state=_ANSWERS.get(decision.verdict, agreed),
        verdict=decision.verdict,
        decided_at=decision.decided_at,
        label_batch=batch.name if batch else None,
        learnt_by=find_learner(batch.sha256, releases=context.settings.releases) if batch else None,
    )


def _appeal_out(session: Session, row: AppealRow) -> AppealOut:
    return AppealOut(
        id=row.id,
        advert_id=session.get_one(AdvertRow, row.advert_key).advert_id,
        state="decided" if row.outcome else "open",
        outcome=row.outcome,
        received_at=row.received_at,
        decided_at=row.decided_at,
    )


def _read(model: type[Model], raw: bytes) -> Model:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(error) from None


def _fault(pointer: str, code: str, detail: str) -> InvalidFieldsError:
    return InvalidFieldsError(f"{pointer}: {detail}", faults=[FieldFault(pointer, code, detail)])


def _json(record: Record, *, status: int = 200) -> Response:
    return Response(record.model_dump_json(), status_code=status, media_type="application/json")
