"""The API described to OpenAPI: request bodies that routes read as bytes, and problems as they are sent."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.wire import BatchRequest, ProblemOut, ScoreRequest
from service.idempotency import HEADER

REF = "#/components/schemas/{model}"
BODIES: set[type[BaseModel]] = {ScoreRequest, BatchRequest, ProblemOut}
"""Records that FastAPI does not see; `body_of` adds to them."""
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Up to 255 visible characters, new for each request, for example a UUID. Sent again "
    "within a day, the same request gets the same answer, marked `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_PROBLEM = {"application/problem+json": {"schema": {"$ref": REF.format(model="ProblemOut")}}}
_WORDS = {
    400: "The body cannot be read",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "Nothing here for you",
    409: "Not in a state for this, or the same request is in flight",
    413: "The body is too large",
    415: "Not JSON",
    422: "Some field cannot be used; `errors` names each",
    429: "Too many requests",
    500: "We failed",
    503: "The database is unavailable",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": _PROBLEM} for status, words in _WORDS.items()
}


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a JSON request body."""
    BODIES.add(model)
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Give the OpenAPI document, with the bodies that FastAPI does not see."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        bodies = sorted(BODIES, key=lambda model: model.__name__)
        _, schemas = models_json_schema([(model, "validation") for model in bodies], ref_template=REF)
        known = document.setdefault("components", {}).setdefault("schemas", {})
        known.update(_apart(schemas["$defs"], known))
        for path, methods in document["paths"].items():
            if path.startswith("/v1/") and "post" in methods:
                told = methods["post"].setdefault("parameters", [])
                if not any(one["name"] == HEADER for one in told):
                    told.append(IDEMPOTENCY_KEY)
        app.openapi_schema = document
    return app.openapi_schema


def _apart(ours: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Give our schemas other names where one of that name says something else."""
    clashing = {name for name in ours if name in known and known[name] != ours[name]}
    text = json.dumps(ours)
    for name in clashing:
        text = text.replace(f'"{REF.format(model=name)}"', f'"{REF.format(model=name + "Sent")}"')
    return {name + "Sent" * (name in clashing): schema for name, schema in json.loads(text).items()}
