"""Answers that name their version: `ETag`, and 304 to whoever has it already."""

import hashlib
from collections.abc import Mapping

from fastapi import Request, Response


def respond_tagged(request: Request, body: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON and its tag, or with 304 when the caller's `If-None-Match` holds that tag.

    The tag is weak: the same JSON may travel packed or plain.
    """
    tag = f'W/"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    said = {**(headers or {}), "ETag": tag, "Cache-Control": "private, no-cache"}
    if tag_matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=said)
    return Response(body, media_type="application/json", headers=said)


def tag_matches(given: str, tag: str) -> bool:
    """Compare weakly, as RFC 9110 asks for `If-None-Match`."""
    wanted = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") in {wanted, "*"} for one in given.split(","))
