"""Lists in pages: an opaque, signed cursor leads to the next one.

A cursor is good for one list of one partner; one that was altered, made up or taken from elsewhere
is a 422, never a look into another list.
"""

import base64
import binascii
import hmac
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from service.errors import FieldFault, InvalidFieldsError
from service.tokens import keyed_hash

Item = TypeVar("Item")

MOST = 100
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items on a page.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="`next_cursor` of the page before; none for the first.")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list, newest first."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    items: list[Item]
    """What is on this page."""
    next_cursor: str | None = Field(default=None)
    """Give this as `cursor` for the next page; null on the last."""


def make_cursor(last: str, *, of: str, pepper: bytes) -> str:
    """Give the cursor that leads past `last` in the list called `of`."""
    place = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
    return f"{place}.{_mark(last, of=of, pepper=pepper)}"


def read_cursor(cursor: str | None, *, of: str, pepper: bytes) -> str | None:
    """Give the place a cursor leads past; raises 422 unless we made it for this very list."""
    if cursor is None:
        return None
    place, _, mark = cursor.partition(".")
    try:
        last = base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)).decode()
    except (binascii.Error, ValueError):
        last = ""
    if not last or not hmac.compare_digest(mark.encode(), _mark(last, of=of, pepper=pepper).encode()):
        raise unusable("cursor", "not a cursor of this list; begin again without one")
    return last


def next_page(ids: list[str], *, limit: int, of: str, pepper: bytes) -> tuple[int, str | None]:
    """Tell from `limit + 1` ids how many belong on the page, and the cursor of the next."""
    if len(ids) <= limit:
        return len(ids), None
    return limit, make_cursor(ids[limit - 1], of=of, pepper=pepper)


def unusable(field: str, detail: str) -> InvalidFieldsError:
    """Give the 422 of one field or parameter."""
    return InvalidFieldsError(f"/{field}: {detail}", faults=[FieldFault(f"/{field}", "value_error", detail)])


def _mark(last: str, *, of: str, pepper: bytes) -> str:
    return keyed_hash(f"{of}\x1f{last}", pepper=pepper, purpose="cursor")[:32]
