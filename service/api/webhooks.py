"""Webhook endpoints over HTTP: add, list, switch, rotate, test, and look at what was delivered."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from service.api.docs import PROBLEMS, body_of
from service.api.paging import Cursor, Limit, Page, next_page, read_cursor, unusable
from service.api.v1 import Body
from service.assessing import Context
from service.auth import authenticate
from service.idempotency import IdempotentRoute
from service.problems import invalid
from service.store import outbox
from service.store.audit import Act, append_event
from service.store.partners import Partner
from service.store.tables import WebhookAttemptRow, WebhookDeliveryRow, WebhookEndpointRow, WebhookMessageRow
from service.webhooks.guard import refusal
from service.webhooks.sending import secret_of

router = APIRouter(
    prefix="/v1/webhooks",
    tags=["webhooks"],
    route_class=IdempotentRoute,
    dependencies=[
        Security(HTTPBearer(auto_error=False, scheme_name="Bearer", description="Your partner key.")),
        Security(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="ApiKey")),
    ],
)

Model = TypeVar("Model", bound=BaseModel)
EventName = Literal["*", "review.closed", "review.reopened", "assessment.band_changed", "campaign.grew", "appeal.decided", "job.finished"]  # fmt: skip


class EndpointRequest(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
    url: str = Field(min_length=1, max_length=2000, examples=["https://board.example.com/hooks/lurewatch"])
    """An https address on the public internet, port 443 or 8443; redirects are not followed."""
    events: list[EventName] = Field(default=["*"], min_length=1, max_length=20)
    """What to tell it; `*` for everything, later kinds included."""


class SwitchRequest(BaseModel):
    """What to change of an endpoint; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
    enabled: bool | None = None
    """Switch it on or off."""
    events: list[EventName] | None = Field(default=None, min_length=1, max_length=20)
    """What to tell it from now on."""


class RotateRequest(BaseModel):
    """How to change the secret."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
    overlap_hours: int = Field(default=24, ge=0, le=168)
    """For how long messages are signed with both secrets."""


class EndpointOut(BaseModel):
    """An endpoint."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    id: str
    """For `/v1/webhooks/{id}`."""
    url: str
    """Where messages go."""
    events: list[str]
    """What it is told."""
    enabled: bool
    """Whether it is told anything."""
    disabled_because: str | None
    """Why it was switched off."""
    created_at: datetime
    """When it was added (UTC)."""
    previous_secret_until: datetime | None
    """Until when messages are signed with the previous secret as well."""


class EndpointWithSecret(EndpointOut):
    """An endpoint with the secret that its messages are signed with."""

    secret: str
    """Shown this once: keep it. Messages are signed as Standard Webhooks 1.0.0 says."""


class AttemptOut(BaseModel):
    """One try."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    at: datetime
    """When (UTC)."""
    status: int | None
    """The endpoint's HTTP status; null when there was no answer."""
    fault: str | None
    """Why it does not count as delivered; null when it does."""
    ms: int
    """How long it took."""


class DeliveryOut(BaseModel):
    """One message on its way to one endpoint."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    id: str
    """For the replay."""
    message_id: str
    """What the endpoint sees as `webhook-id`, at every attempt and replay."""
    type: str
    """What happened."""
    state: str
    """`pending`, `delivered` or `failed`."""
    created_at: datetime
    """When it happened (UTC)."""
    next_attempt_at: datetime | None
    """When it is tried again."""
    attempts: list[AttemptOut]
    """Every try so far, oldest first."""


class Sent(BaseModel):
    """A message is on its way."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    message_id: str
    """What the endpoint will see as `webhook-id`."""


def _caller(request: Request) -> Partner:
    return authenticate(request, request.app.state.context, "admin")


Caller = Annotated[Partner, Depends(_caller)]


@router.post(
    "",
    summary="Add an endpoint",
    status_code=201,
    response_model=EndpointWithSecret,
    responses=PROBLEMS,
    openapi_extra=body_of(EndpointRequest),
)
def add_endpoint(request: Request, partner: Caller, raw: Body) -> Response:
    """Give the endpoint with its secret, which is shown this once."""
    context: Context = request.app.state.context
    wanted = _read(EndpointRequest, raw)
    why = refusal(wanted.url, allow_private=context.settings.webhooks_to_private)
    if why is not None:
        raise unusable("url", why)
    with context.database.writing() as session:
        row = outbox.add_endpoint(
            session, partner_id=partner.id, url=wanted.url, events=wanted.events, at=context.clock()
        )
        _note(session, Act.WEBHOOK_ADDED, row, partner, context)
    return _json(_with_secret(row, context), status=201, headers={"Location": f"/v1/webhooks/{row.id}"})


@router.get("", summary="List your endpoints", response_model=Page[EndpointOut], responses=PROBLEMS)
def list_endpoints(request: Request, partner: Caller) -> Response:
    """Give all endpoints, oldest first, without their secrets."""
    context: Context = request.app.state.context
    with context.database.reading() as session:
        rows = outbox.list_endpoints(session, partner_id=partner.id)
    return _json(Page[EndpointOut](items=[_out(row) for row in rows]))


@router.get("/{endpoint_id}", summary="Read an endpoint", response_model=EndpointOut, responses=PROBLEMS)
def get_endpoint(request: Request, partner: Caller, endpoint_id: str) -> Response:
    """Give an endpoint without its secret."""
    context: Context = request.app.state.context
    with context.database.reading() as session:
        return _json(_out(outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)))


@router.patch(
    "/{endpoint_id}",
    summary="Change an endpoint",
    response_model=EndpointOut,
    responses=PROBLEMS,
    openapi_extra=body_of(SwitchRequest),
)
def switch_endpoint(request: Request, partner: Caller, endpoint_id: str, raw: Body) -> Response:
    """Switch an endpoint on or off, or change what it is told."""
    context: Context = request.app.state.context
    wanted = _read(SwitchRequest, raw)
    with context.database.writing() as session:
        row = outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        if wanted.events is not None:
            row.events = " ".join(sorted(set(wanted.events)))
        if wanted.enabled is True:
            row.disabled_at = row.disabled_because = None
        session.flush()
        if wanted.enabled is False:
            outbox.switch_off(session, row.id, because="you switched it off", at=context.clock())
            session.refresh(row)
        _note(session, Act.WEBHOOK_SWITCHED, row, partner, context)
    return _json(_out(row))


@router.delete("/{endpoint_id}", summary="Remove an endpoint", status_code=204, responses=PROBLEMS)
def remove_endpoint(request: Request, partner: Caller, endpoint_id: str) -> Response:
    """Remove an endpoint with its delivery log; nothing more is sent to it."""
    context: Context = request.app.state.context
    with context.database.writing() as session:
        row = outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        _note(session, Act.WEBHOOK_REMOVED, row, partner, context)
        session.delete(row)
    return Response(status_code=204)


@router.post(
    "/{endpoint_id}/rotate",
    summary="Change the secret",
    response_model=EndpointWithSecret,
    responses=PROBLEMS,
    openapi_extra=body_of(RotateRequest),
)
def rotate_secret(request: Request, partner: Caller, endpoint_id: str, raw: Body) -> Response:
    """Give a new secret; for a while messages are signed with both, so that none is refused."""
    context: Context = request.app.state.context
    wanted, at = _read(RotateRequest, raw), context.clock()
    with context.database.writing() as session:
        row = outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        row.secret_version += 1
        row.previous_until = at + timedelta(hours=wanted.overlap_hours)
        _note(session, Act.WEBHOOK_SECRET_ROTATED, row, partner, context)
    return _json(_with_secret(row, context))


@router.post(
    "/{endpoint_id}/test",
    summary="Send a test message",
    status_code=202,
    response_model=Sent,
    responses=PROBLEMS,
)
def send_test(request: Request, partner: Caller, endpoint_id: str) -> Response:
    """Send `webhook.test` the way every message is sent: signed, logged, retried."""
    context: Context = request.app.state.context
    with context.database.writing() as session:
        row = outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        return _json(Sent(message_id=outbox.announce_test(session, row, at=context.clock())), status=202)


@router.get(
    "/{endpoint_id}/deliveries",
    summary="What was delivered?",
    response_model=Page[DeliveryOut],
    responses=PROBLEMS,
)
def list_deliveries(
    request: Request, partner: Caller, endpoint_id: str, limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Give every message to an endpoint with every attempt, newest first, for thirty days."""
    context: Context = request.app.state.context
    of = f"deliveries {partner.id} {endpoint_id}"
    before = read_cursor(cursor, of=of, pepper=context.pepper)
    with context.database.reading() as session:
        outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        rows = outbox.list_deliveries(session, endpoint_id, before=before, limit=limit + 1)
        tried = outbox.list_attempts(session, [delivery.id for delivery, _ in rows])
    ids = [delivery.id for delivery, _ in rows]
    n_shown, following = next_page(ids, limit=limit, of=of, pepper=context.pepper)
    items = [_delivery(*row, tried[row[0].id]) for row in rows[:n_shown]]
    return _json(Page[DeliveryOut](items=items, next_cursor=following))


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/replay",
    summary="Send a message once more",
    status_code=202,
    response_model=Sent,
    responses=PROBLEMS,
)
def replay_delivery(request: Request, partner: Caller, endpoint_id: str, delivery_id: str) -> Response:
    """Send the same message again under its own `webhook-id`, with all its retries."""
    context: Context = request.app.state.context
    with context.database.writing() as session:
        row = outbox.get_endpoint(session, endpoint_id, partner_id=partner.id)
        message_id = outbox.replay_delivery(session, delivery_id, endpoint=row, at=context.clock())
    return _json(Sent(message_id=message_id), status=202)


def _read(model: type[Model], raw: bytes) -> Model:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid(error) from None


def _note(session: Session, act: Act, row: WebhookEndpointRow, partner: Partner, context: Context) -> None:
    append_event(session, act, subject=row.id, actor=partner.key_id, at=context.clock())


def _out(row: WebhookEndpointRow) -> EndpointOut:
    return EndpointOut(
        id=row.id,
        url=row.url,
        events=row.events.split(),
        enabled=row.disabled_at is None,
        disabled_because=row.disabled_because,
        created_at=row.created_at,
        previous_secret_until=row.previous_until,
    )


def _with_secret(row: WebhookEndpointRow, context: Context) -> EndpointWithSecret:
    secret = secret_of(row.id, row.secret_version, pepper=context.pepper)
    return EndpointWithSecret(**_out(row).model_dump(), secret=secret)


def _delivery(
    delivery: WebhookDeliveryRow, message: WebhookMessageRow, attempts: list[WebhookAttemptRow]
) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.id,
        message_id=message.id,
        type=message.type,
        state=delivery.state,
        created_at=message.created_at,
        next_attempt_at=delivery.next_at if delivery.state == "pending" else None,
        attempts=[AttemptOut(at=row.at, status=row.status, fault=row.fault, ms=row.ms) for row in attempts],
    )


def _json(body: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        body.model_dump_json(), status_code=status, media_type="application/json", headers=headers
    )
