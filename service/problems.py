"""Errors as `application/problem+json` (RFC 9457), whoever raised them: we, FastAPI or the server.

A problem names what to mend and never repeats what was sent. `request_id` ties it to the log.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.errors import (
    BY_STATUS,
    BadRequestError,
    FieldFault,
    InvalidFieldsError,
    NotFoundError,
    ServiceError,
)
from service.logs import get_logger

TYPE_BASE = "https://lurewatch.example/problems/"
MEDIA_TYPE = "application/problem+json"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def problem(error: ServiceError, *, instance: str, request_id: str) -> dict[str, Any]:
    """Give the problem document of an error."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "request_id": request_id,
    }
    if error.faults:
        body["errors"] = [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in error.faults]
    return body


def respond(error: ServiceError, request: Request) -> Response:
    """Answer with the problem document; below `/console` with a page for people."""
    render_page = getattr(request.app.state, "render_error", None)
    if render_page is not None and request.url.path.startswith("/console"):
        page: Response = render_page(error, request, request_id_of(request.scope))
        return page
    body = problem(error, instance=request.url.path, request_id=request_id_of(request.scope))
    return Response(
        json.dumps(body, ensure_ascii=True),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


def request_id_of(scope: Mapping[str, Any]) -> str:
    """Give the request's id, as the request middleware set it."""
    return str(scope.get("state", {}).get("request_id", ""))


def faults_of(errors: Sequence[Mapping[str, Any]], *, drop: int = 0) -> list[FieldFault]:
    """Turn pydantic's errors into field faults, without the values that were sent."""
    faults = []
    for error in errors:
        loc = tuple(error["loc"])[drop:]
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)
        faults.append(FieldFault(pointer, str(error["type"]), _message(error)))
    return faults


def invalid(error: ValidationError) -> ServiceError:
    """Turn a record's validation error into ours: 400 when it is no JSON at all, 422 otherwise."""
    errors = error.errors(include_url=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        return BadRequestError(f"the body is not JSON: {_message(errors[0]).removeprefix('Invalid JSON: ')}")
    faults = faults_of(errors)
    first = faults[0]
    return InvalidFieldsError(f"{first.pointer or 'the body'}: {first.detail}", faults=faults)


def _methods(request: Request) -> list[str]:
    """Give every method of an address; the router names those of the first route that fits."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def add_handlers(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def _on_service_error(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, ServiceError) else ServiceError("")
    if known.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        get_logger().error("request failed", error=type(known).__name__, path=request.scope.get("path"))
    return respond(known, request)


def _on_http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = {name.title(): value for name, value in (getattr(error, "headers", None) or {}).items()}
    kind = BY_STATUS.get(
        status, BadRequestError if status < HTTPStatus.INTERNAL_SERVER_ERROR else ServiceError
    )
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    allowed = headers.get("Allow", "none")
    detail = {
        HTTPStatus.NOT_FOUND: "there is nothing at this address; /openapi.json lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: f"this address does not take {request.method}; allowed: {allowed}",
    }.get(HTTPStatus(status), HTTPStatus(status).description or HTTPStatus(status).phrase)
    return respond(kind(detail, headers=headers), request)


def _on_validation_error(request: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["loc"][:1] == ("path",) for fault in errors):
        return respond(NotFoundError("there is nothing at this address"), request)
    faults = faults_of(errors, drop=1)
    detail = f"{faults[0].pointer}: {faults[0].detail}" if faults else "the request cannot be used"
    return respond(InvalidFieldsError(detail, faults=faults), request)


def _message(error: Mapping[str, Any]) -> str:
    """Give what is wrong; messages of our own validators come without pydantic's prefix."""
    return str(error["msg"]).removeprefix("Value error, ")
