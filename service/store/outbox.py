"""Webhooks on their way: what happened is written down in the transaction of the act itself.

So nothing is told that did not happen, and nothing that happened goes untold: a process that dies
leaves the message here, under the id it will be sent with.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.store.ids import new_id
from service.store.tables import (
    WebhookAttemptRow,
    WebhookDeliveryRow,
    WebhookEndpointRow,
    WebhookMessageRow,
)

KEPT_FOR = timedelta(days=30)
"""How long the delivery log goes back."""
MOST_ENDPOINTS = 20
"""Endpoints a partner may have at the same time."""
EVERYTHING = "*"


class EventType(StrEnum):
    """What partners can be told; they must tolerate types they do not know."""

    REVIEW_CLOSED = "review.closed"
    """A person has given a verdict on one of your adverts."""
    REVIEW_REOPENED = "review.reopened"
    """A verdict was taken back; another follows."""
    BAND_CHANGED = "assessment.band_changed"
    """A newer release says something else of an advert you sent, or its company moved its band (`because`)."""
    CAMPAIGN_GREW = "campaign.grew"
    """A campaign among your own adverts has doubled."""
    APPEAL_DECIDED = "appeal.decided"
    """A person has answered an appeal."""
    JOB_FINISHED = "job.finished"
    """A bulk job has ended; its files can be fetched."""
    ALERTS_WAIT = "alerts.wait"
    """New alerts wait for your reviewers in the console; only for whom the operator named."""
    TEST = "webhook.test"
    """You asked for it."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every attempt failed, or the endpoint was switched off; it can be replayed."""


@dataclass(frozen=True)
class Due:
    """A delivery that should be attempted now."""

    delivery_id: str
    message_id: str
    payload: str
    endpoint_id: str
    url: str
    secret_version: int
    previous_until: datetime | None
    n_attempts: int
    """Attempts before this one."""


def announce(
    session: Session, kind: EventType, *, partner_id: str, data: Mapping[str, Any], at: datetime
) -> str | None:
    """Tell a partner's endpoints that something happened; gives the message's id, None when nobody listens.

    `data` holds ids, codes and moments; no texts of adverts and nothing that names a person.
    """
    return next(iter(announce_all(session, kind, partner_id=partner_id, data=[data], at=at)), None)


def announce_all(
    session: Session, kind: EventType, *, partner_id: str, data: Sequence[Mapping[str, Any]], at: datetime
) -> list[str]:
    """Tell a partner's endpoints of several things of one kind; gives the messages' ids, none when nobody listens."""
    rows = session.scalars(
        select(WebhookEndpointRow).where(
            WebhookEndpointRow.partner_id == partner_id, WebhookEndpointRow.disabled_at.is_(None)
        )
    )
    listening = [row for row in rows if {EVERYTHING, kind.value} & set(row.events.split())]
    return _post(session, kind, listening, partner_id=partner_id, data=data, at=at) if listening else []


def last_told(session: Session, kind: EventType, *, partner_id: str) -> datetime | None:
    """Give when a partner was last told of something of this kind; None when it never was, or long ago."""
    return session.scalar(
        select(func.max(WebhookMessageRow.created_at)).where(
            WebhookMessageRow.partner_id == partner_id, WebhookMessageRow.type == kind.value
        )
    )


def announce_test(session: Session, endpoint: WebhookEndpointRow, *, at: datetime) -> str:
    """Send a test message to one endpoint, whatever it subscribed to."""
    if endpoint.disabled_at is not None:
        raise ConflictError("this endpoint is switched off; switch it on first")
    data = {"endpoint_id": endpoint.id}
    return _post(session, EventType.TEST, [endpoint], partner_id=endpoint.partner_id, data=[data], at=at)[0]


def add_endpoint(
    session: Session, *, partner_id: str, url: str, events: Sequence[str], at: datetime
) -> WebhookEndpointRow:
    """Add an endpoint; raises `ConflictError` when the partner has too many."""
    if len(list_endpoints(session, partner_id=partner_id)) >= MOST_ENDPOINTS:
        raise ConflictError(f"you have {MOST_ENDPOINTS} endpoints already; remove one first")
    row = WebhookEndpointRow(
        id=new_id("whe", at=at),
        partner_id=partner_id,
        url=url,
        events=" ".join(sorted(set(events))),
        secret_version=1,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def list_endpoints(session: Session, *, partner_id: str) -> list[WebhookEndpointRow]:
    """Give a partner's endpoints, oldest first."""
    query = select(WebhookEndpointRow).where(WebhookEndpointRow.partner_id == partner_id)
    return list(session.scalars(query.order_by(WebhookEndpointRow.id)))


def get_endpoint(session: Session, endpoint_id: str, *, partner_id: str) -> WebhookEndpointRow:
    """Give a partner's endpoint, locked; raises `NotFoundError`, also for another partner's."""
    row = session.scalars(
        select(WebhookEndpointRow)
        .where(WebhookEndpointRow.id == endpoint_id, WebhookEndpointRow.partner_id == partner_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such webhook endpoint of yours")
    return row


def has_due(session: Session, *, at: datetime) -> bool:
    """Tell whether anything should be attempted now, without taking a lock."""
    query = select(WebhookDeliveryRow.id).where(
        WebhookDeliveryRow.state == DeliveryState.PENDING.value, WebhookDeliveryRow.next_at <= at
    )
    return session.scalar(query.limit(1)) is not None


def claim_due(
    session: Session, *, at: datetime, lease: timedelta, limit: int, busy: Collection[str] = ()
) -> list[Due]:
    """Take deliveries that are due; whoever takes one has until `lease` is over to say how it went.

    One endpoint gets one at a time, and none while it is `busy`: one that is slow, or has very many waiting, holds
    up no other.
    """
    waited_longest = (
        select(WebhookDeliveryRow.endpoint_id)
        .where(*_is_due(at), WebhookDeliveryRow.endpoint_id.not_in(busy))
        .group_by(WebhookDeliveryRow.endpoint_id)
        .order_by(func.min(WebhookDeliveryRow.next_at))
        .limit(limit)
    )
    endpoint_ids = session.scalars(waited_longest).all()
    taken = (claim_next(session, endpoint_id, at=at, lease=lease) for endpoint_id in endpoint_ids)
    return [due for due in taken if due is not None]


def claim_next(session: Session, endpoint_id: str, *, at: datetime, lease: timedelta) -> Due | None:
    """Take an endpoint's first delivery that is due; None when there is none."""
    found = session.execute(
        select(WebhookDeliveryRow, WebhookMessageRow, WebhookEndpointRow)
        .join(WebhookMessageRow, WebhookMessageRow.id == WebhookDeliveryRow.message_id)
        .join(WebhookEndpointRow, WebhookEndpointRow.id == WebhookDeliveryRow.endpoint_id)
        .where(*_is_due(at), WebhookDeliveryRow.endpoint_id == endpoint_id)
        .order_by(WebhookDeliveryRow.next_at, WebhookDeliveryRow.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=WebhookDeliveryRow)
    ).one_or_none()
    if found is None:
        return None
    delivery, message, endpoint = found
    delivery.next_at = at + lease
    return Due(
        delivery_id=delivery.id,
        message_id=message.id,
        payload=message.payload,
        endpoint_id=endpoint.id,
        url=endpoint.url,
        secret_version=endpoint.secret_version,
        previous_until=endpoint.previous_until,
        n_attempts=delivery.n_attempts,
    )


def _is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return WebhookDeliveryRow.state == DeliveryState.PENDING.value, WebhookDeliveryRow.next_at <= at


def record_attempt(
    session: Session,
    due: Due,
    *,
    at: datetime,
    status: int | None,
    fault: str | None,
    ms: int,
    next_at: datetime | None,
) -> None:
    """Write down how an attempt ended; without a `next_at` it was the last one.

    A delivery that was removed, or finished by another process in the meantime, is left as it is.
    """
    delivery = session.get(WebhookDeliveryRow, due.delivery_id, with_for_update=True)
    if delivery is None:
        return
    session.add(
        WebhookAttemptRow(
            id=new_id("wha", at=at), delivery_id=due.delivery_id, at=at, status=status, fault=fault, ms=ms
        )
    )
    if delivery.state != DeliveryState.PENDING.value:
        return
    delivery.n_attempts = due.n_attempts + 1
    if fault is None:
        delivery.state, delivery.delivered_at = DeliveryState.DELIVERED.value, at
    elif next_at is None:
        delivery.state = DeliveryState.FAILED.value
    else:
        delivery.next_at = next_at


def switch_off(session: Session, endpoint_id: str, *, because: str, at: datetime) -> None:
    """Stop telling an endpoint anything; what is on its way to it fails and can be replayed."""
    session.execute(
        update(WebhookEndpointRow)
        .where(WebhookEndpointRow.id == endpoint_id, WebhookEndpointRow.disabled_at.is_(None))
        .values(disabled_at=at, disabled_because=because)
    )
    session.execute(
        update(WebhookDeliveryRow)
        .where(
            WebhookDeliveryRow.endpoint_id == endpoint_id,
            WebhookDeliveryRow.state == DeliveryState.PENDING.value,
        )
        .values(state=DeliveryState.FAILED.value)
    )


def list_deliveries(
    session: Session, endpoint_id: str, *, before: str | None, limit: int
) -> list[tuple[WebhookDeliveryRow, WebhookMessageRow]]:
    """Give an endpoint's deliveries, newest first, from a place onwards."""
    query = (
        select(WebhookDeliveryRow, WebhookMessageRow)
        .join(WebhookMessageRow, WebhookMessageRow.id == WebhookDeliveryRow.message_id)
        .where(WebhookDeliveryRow.endpoint_id == endpoint_id)
        .order_by(WebhookDeliveryRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(WebhookDeliveryRow.id < before)
    return [(delivery, message) for delivery, message in session.execute(query)]


def list_attempts(session: Session, delivery_ids: Sequence[str]) -> dict[str, list[WebhookAttemptRow]]:
    """Give delivery → its attempts, oldest first."""
    found: dict[str, list[WebhookAttemptRow]] = {delivery_id: [] for delivery_id in delivery_ids}
    query = select(WebhookAttemptRow).where(WebhookAttemptRow.delivery_id.in_(delivery_ids))
    for row in session.scalars(query.order_by(WebhookAttemptRow.id)):
        found[row.delivery_id].append(row)
    return found


def replay_delivery(session: Session, delivery_id: str, *, endpoint: WebhookEndpointRow, at: datetime) -> str:
    """Send a message once more, under its own id; gives that id."""
    if endpoint.disabled_at is not None:
        raise ConflictError("this endpoint is switched off; switch it on first")
    delivery = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise NotFoundError("there is no such delivery to this endpoint")
    delivery.state, delivery.n_attempts, delivery.next_at = DeliveryState.PENDING.value, 0, at
    delivery.delivered_at = None
    return delivery.message_id


def _post(
    session: Session,
    kind: EventType,
    endpoints: Sequence[WebhookEndpointRow],
    *,
    partner_id: str,
    data: Sequence[Mapping[str, Any]],
    at: datetime,
) -> list[str]:
    messages = [
        WebhookMessageRow(
            id=new_id("msg", at=at),
            partner_id=partner_id,
            type=kind.value,
            payload=_payload(kind, one, at=at),
            created_at=at,
            expires_at=at + KEPT_FOR,
        )
        for one in data
    ]
    session.add_all(messages)
    session.flush()
    session.add_all(
        WebhookDeliveryRow(
            id=new_id("whd", at=at),
            message_id=message.id,
            endpoint_id=endpoint.id,
            state=DeliveryState.PENDING.value,
            n_attempts=0,
            next_at=at,
        )
        for message in messages
        for endpoint in endpoints
    )
    session.flush()
    return [message.id for message in messages]


def _payload(kind: EventType, data: Mapping[str, Any], *, at: datetime) -> str:
    said = {"type": kind.value, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": dict(data)}
    return json.dumps(said, ensure_ascii=True, separators=(",", ":"))
