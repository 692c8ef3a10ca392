"""A partner's own settings: thresholds, mode, what other thresholds would have done, and employers it vouches for."""

from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.schema.assessment import Probability, Thresholds
from model.schema.record import Record
from service.advice import Mode
from service.api.docs import PROBLEMS, body_of
from service.api.security import KEY
from service.api.v1 import Body
from service.assessing import Context
from service.auth import authenticate
from service.errors import FieldFault, ForbiddenError, InvalidFieldsError
from service.problems import invalid
from service.store import allowed, partners, what_if
from service.store.audit import Act, append_event
from service.store.columns import storable
from service.store.partners import Partner
from service.store.tables import AllowedEmployerRow

router = APIRouter(prefix="/v1", tags=["your settings"], dependencies=KEY)

MOST_DAYS = 90
Employer = Annotated[
    str, Query(min_length=2, max_length=200, description="Its name, or the host of its site.")
]
Model = TypeVar("Model", bound=BaseModel)


class ThresholdsRequest(BaseModel):
    """What to change; what is left out stays, and null for both thresholds goes back to the release's."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"review": 0.6, "high": 0.9, "mode": "observe"}]},
    )
    review: Probability | None = None
    """From here on a person should look; given together with `high`."""
    high: Probability | None = None
    """From here on the advert matches the pattern strongly; not below `review`."""
    mode: Mode | None = None
    """How far answers to this key are to reach."""


class ThresholdsOut(Record):
    """The thresholds that your adverts are banded by, and the mode of the key that asks."""

    review: Probability
    """From here on `review`."""
    high: Probability
    """From here on `high`."""
    own: bool
    """Whether they are yours; else the serving release's."""
    mode: Mode
    """What the answers' `action` goes by."""
    release: Thresholds
    """What the serving release suggests."""


class ShareOut(Record):
    """Adverts that would have been treated alike."""

    n: int
    """How many."""
    per_day: float
    """How many a day, over all days asked for."""
    confirmed: int
    """How many of them were judged deceptive since."""
    legitimate: int
    """How many of them were judged honest, or no adverts, since."""


class OutcomeOut(Record):
    """What thresholds make of your traffic."""

    thresholds: Thresholds
    """Under these."""
    held: ShareOut
    """`high`."""
    review: ShareOut
    """`review`."""
    passed: ShareOut
    """`low`."""


class WhatIf(Record):
    """What other thresholds would have done, beside what yours did."""

    days: int
    """How many days back."""
    since: datetime
    """From this moment on (UTC)."""
    then: OutcomeOut
    """Under the thresholds asked about."""
    now: OutcomeOut
    """Under the present ones."""
    in_words: str
    """The same in a sentence."""


class AllowedRequest(BaseModel):
    """Until when you vouch for an employer, and why."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    days: int = Field(ge=1, le=365)
    """For so many days; there is no for ever."""
    note: str | None = Field(default=None, max_length=1000)
    """How you checked it."""


class AllowedOut(Record):
    """An employer on your list. Its adverts keep score and band; `action` says publish, and none is queued."""

    employer: str
    """In the spelling it is compared in."""
    note: str | None
    """How you checked it."""
    added_at: datetime
    """When (UTC)."""
    expires_at: datetime
    """Until when (UTC)."""


@router.get(
    "/thresholds", summary="Your thresholds and mode", response_model=ThresholdsOut, responses=PROBLEMS
)
def get_thresholds(request: Request) -> Response:
    """Which scores begin your bands, and what mode is this key in?"""
    context: Context = request.app.state.context
    return _json(_thresholds_out(context, authenticate(request, context, "read")))


@router.put(
    "/thresholds",
    summary="Set thresholds and mode",
    response_model=ThresholdsOut,
    responses=PROBLEMS,
    openapi_extra=body_of(ThresholdsRequest),
)
def put_thresholds(request: Request, raw: Body) -> Response:
    """Set your thresholds (for all your keys) or the mode of this key; other processes follow within five seconds.

    Thresholds you set stay as they are when another release begins to serve. On the authored adverts that both
    releases know, the share of lures among those at or above an unchanged line moves by at most two points, up or
    down; a release that moves it further is promoted only with a written reason, which the changelog gives.
    """
    context: Context = request.app.state.context
    partner = authenticate(request, context, "admin")
    wanted = _read(ThresholdsRequest, raw)
    given = wanted.model_fields_set & {"review", "high"}
    if given:
        _check_live(partner)
    if len(given) == 1 or (wanted.review is None) != (wanted.high is None):
        raise _fault(
            "/high" if "review" in given else "/review", "missing", "give `review` and `high` together"
        )
    with context.database.writing() as session:
        if given:
            partners.set_thresholds(
                session,
                partner.id,
                _checked(wanted.review, wanted.high) if wanted.review is not None else None,
            )
        if wanted.mode is not None:
            partners.set_mode(session, partner.key_id, wanted.mode.value)
        detail = {"partner": partner.id, **wanted.model_dump(mode="json", exclude_unset=True)}
        append_event(
            session,
            Act.THRESHOLDS_SET,
            subject=partner.id,
            actor=partner.key_id,
            at=context.clock(),
            detail=detail,
        )
    context.keys.forget(partner.id)
    return _json(_thresholds_out(context, authenticate(request, context, "admin")))


@router.get(
    "/what-if", summary="What would other thresholds have done?", response_model=WhatIf, responses=PROBLEMS
)
def get_what_if(
    request: Request,
    review: Annotated[float | None, Query(ge=0, le=1, description="Default: the present one.")] = None,
    high: Annotated[float | None, Query(ge=0, le=1, description="Default: the present one.")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days back.")] = 30,
) -> Response:
    """Sort your own past adverts anew, beside what people said of them since."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    now = _present(context, partner)
    then = _checked(now.review if review is None else review, now.high if high is None else high)
    since = context.clock() - timedelta(days=days)
    with context.database.reading() as session:
        outcomes = [what_if.reckon(session, partner.id, one, since=since) for one in (then, now)]
    told = [_outcome(one, outcome, days=days) for one, outcome in zip((then, now), outcomes, strict=True)]
    return _json(
        WhatIf(days=days, since=since, then=told[0], now=told[1], in_words=_in_words(told[0], days=days))
    )


@router.get("/allowed-employers", summary="Employers you vouch for", responses=PROBLEMS)
def get_allowed(request: Request) -> list[AllowedOut]:
    """List the employers you vouch for, with the day each entry ends."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    with context.database.reading() as session:
        return [_allowed_out(row) for row in allowed.list_allowed(session, partner.id)]


@router.put(
    "/allowed-employers",
    summary="Vouch for an employer",
    response_model=AllowedOut,
    responses=PROBLEMS,
    openapi_extra=body_of(AllowedRequest),
)
def put_allowed(request: Request, employer: Employer, raw: Body) -> Response:
    """Vouch for an employer for some days. A link to confirmed adverts is told all the same."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "admin")
    _check_live(partner)
    wanted, at = _read(AllowedRequest, raw), context.clock()
    name = storable(allowed.plain(employer), limit=200) or ""
    if not name:
        raise _fault("/employer", "missing", "names nobody")
    with context.database.writing() as session:
        row = allowed.allow(
            session,
            partner.id,
            name,
            note=storable(wanted.note),
            at=at,
            expires_at=at + timedelta(days=wanted.days),
        )
        append_event(
            session,
            Act.EMPLOYER_ALLOWED,
            subject=partner.id,
            actor=partner.key_id,
            at=at,
            detail={"days": wanted.days},
        )
        return _json(_allowed_out(row))


@router.delete("/allowed-employers", summary="Vouch no longer", status_code=204, responses=PROBLEMS)
def delete_allowed(request: Request, employer: Employer) -> Response:
    """Take an employer off your list."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "admin")
    _check_live(partner)
    with context.database.writing() as session:
        allowed.disallow(session, partner.id, storable(employer, limit=200) or "")
        append_event(
            session,
            Act.EMPLOYER_DISALLOWED,
            subject=partner.id,
            actor=partner.key_id,
            at=context.clock(),
        )
    return Response(status_code=204)


def _check_live(partner: Partner) -> None:
    if partner.is_test:
        raise ForbiddenError("a test key changes nothing that live keys go by; use a live one")


def _present(context: Context, partner: Partner) -> Thresholds:
    if partner.review_threshold is None or partner.high_threshold is None:
        return context.detector.thresholds
    return Thresholds(review=partner.review_threshold, high=partner.high_threshold)


def _thresholds_out(context: Context, partner: Partner) -> ThresholdsOut:
    present = _present(context, partner)
    return ThresholdsOut(
        review=present.review,
        high=present.high,
        own=partner.review_threshold is not None,
        mode=Mode(partner.mode),
        release=context.detector.thresholds,
    )


def _checked(review: float | None, high: float | None) -> Thresholds:
    if review is None or high is None:
        raise _fault("/review", "missing", "give `review` and `high` together")
    if high < review:
        raise _fault("/high", "below_review", "`high` may not be below `review`")
    return Thresholds(review=review, high=high)


def _outcome(thresholds: Thresholds, outcome: what_if.Outcome, *, days: int) -> OutcomeOut:
    shares = {
        name: ShareOut(
            n=share.n,
            per_day=round(share.n / days, 2),
            confirmed=share.confirmed,
            legitimate=share.legitimate,
        )
        for name, share in (("held", outcome.held), ("review", outcome.review), ("passed", outcome.passed))
    }
    return OutcomeOut(thresholds=thresholds, **shares)


def _in_words(outcome: OutcomeOut, *, days: int) -> str:
    held = outcome.held
    return (
        f"At {outcome.thresholds.high:.2f} you would have held {held.per_day:g} adverts a day over {days} days "
        f"({held.n} in all); {held.legitimate} of them were later judged legitimate and {held.confirmed} confirmed."
    )


def _allowed_out(row: AllowedEmployerRow) -> AllowedOut:
    return AllowedOut(employer=row.employer, note=row.note, added_at=row.added_at, expires_at=row.expires_at)


def _read(model: type[Model], raw: bytes) -> Model:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(error) from None


def _fault(pointer: str, code: str, detail: str) -> InvalidFieldsError:
    return InvalidFieldsError(f"{pointer}: {detail}", faults=[FieldFault(pointer, code, detail)])


def _json(record: Record) -> Response:
    return Response(record.model_dump_json(), media_type="application/json")
