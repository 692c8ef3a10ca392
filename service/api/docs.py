"""The API described to OpenAPI: request bodies that routes read as bytes, and problems as they are sent."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.wire import BatchRequest, ProblemOut, ScoreRequest

REF = "#/components/schemas/{model}"
BODIES: tuple[type[BaseModel], ...] = (ScoreRequest, BatchRequest, ProblemOut)

_PROBLEM = {"application/problem+json": {"schema": {"$ref": REF.format(model="ProblemOut")}}}
_WORDS = {
    400: "The body cannot be read",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "Nothing here for you",
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
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Give the OpenAPI document, with the bodies that FastAPI does not see."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        _, schemas = models_json_schema([(model, "validation") for model in BODIES], ref_template=REF)
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
        app.openapi_schema = document
    return app.openapi_schema
