"""How requests are built, retried and read: shared by the plain client and the async one.

Every POST carries an `Idempotency-Key` of its own, so sending it again never does it twice. Retried
are 429 and 503, by their `Retry-After`, 409 of a request that is in flight, other 5xx, and no answer.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from httpx2 import Response
from pydantic import BaseModel, ValidationError

from service.client.errors import ApiError
from service.client.records import Problem

Record = TypeVar("Record", bound=BaseModel)

FIRST_WAIT_S, MOST_WAIT_S = 0.5, 60.0
NDJSON = "application/x-ndjson"
Advert = Mapping[str, Any] | BaseModel


@dataclass(frozen=True)
class Call:
    """One request, the same at every try."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def post(
    path: str, json: Any = None, *, key: str | None, params: Mapping[str, Any] | None = None, **headers: str
) -> Call:
    """Give a POST with its idempotency key."""
    return Call(
        "POST", path, _said(params), json, None, {"Idempotency-Key": key or str(uuid.uuid4()), **headers}
    )


def get(path: str, params: Mapping[str, Any] | None = None) -> Call:
    """Give a GET."""
    return Call("GET", path, _said(params))


def as_json(advert: Advert) -> Any:
    """Give an advert as JSON, whether it is a record or a mapping."""
    return (
        advert.model_dump(mode="json", exclude_none=True) if isinstance(advert, BaseModel) else dict(advert)
    )


def as_batch(adverts: Sequence[Advert]) -> Any:
    """Give adverts as the body of a batch."""
    return {"adverts": [as_json(advert) for advert in adverts]}


def wait_before(attempt: int, response: Response | None) -> float | None:
    """Give the seconds to wait before trying again; None when another try would be no use."""
    if response is not None and not _is_passing(response):
        return None
    told = "" if response is None else response.headers.get("retry-after", "")
    if told.isdigit():
        return min(float(told), MOST_WAIT_S)
    longest: float = min(FIRST_WAIT_S * 2**attempt, MOST_WAIT_S)
    return longest * random.uniform(0.5, 1.0)


def check(response: Response) -> Response:
    """Give the response; raises `ApiError` when it is a refusal."""
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return response
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem(type="about:blank", title="Not an answer of Lurewatch", status=response.status_code)
    raise ApiError(problem)


def read(response: Response, record: type[Record]) -> Record:
    """Give the answer as a record; raises `ApiError` when it is a refusal."""
    return record.model_validate_json(check(response).content)


def _is_passing(response: Response) -> bool:
    if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return True
    if response.status_code == HTTPStatus.CONFLICT:
        return "in-flight" in response.text
    return response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR


def _said(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}
