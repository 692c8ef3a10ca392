"""Turning the pages of a job API, and from a list's entries to each advert's own address.

Job APIs differ in how a page is asked for (a number in the query, an offset in a posted body) and
in whether the list already holds the whole advert. A source file states both under `api`.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from crawler.pages.decode import decode_page
from crawler.pages.draft import Draft
from crawler.pages.json_text import parse_json
from crawler.pages.labels import fold_key
from crawler.source import Api
from crawler.spiders.links import with_query

_TOTALS = ("total", "totalfound", "found", "maxergebnisse", "totalcount", "totalresults", "count")
_MAX_TURN = 100_000


@dataclass(frozen=True)
class Call:
    """One request to a job API."""

    url: str
    body: bytes = b""
    """What is posted; empty for a plain request."""
    turn: int | None = None
    """Which page this is, in the API's own counting."""

    @property
    def key(self) -> str:
        """What tells this call from the others to the same address."""
        return f"{self.url}#{self.body.decode()}" if self.body else self.url


def first_call(api: Api, url: str) -> Call:
    """Give the call for the first page."""
    name = api.page_by or ""
    stated = str((api.post or dict(parse_qsl(urlsplit(url).query))).get(name, ""))
    turn = int(stated) if stated.isdigit() else api.first
    return call_at(api, url, turn if api.page_by else None)


def call_at(api: Api, url: str, turn: int | None) -> Call:
    """Give the call for the page counted `turn`."""
    if api.post is not None:
        body = {**api.post, **({api.page_by: turn} if api.page_by else {})}
        return Call(url, json.dumps(body, separators=(",", ":")).encode(), turn)
    return Call(with_query(url, **{api.page_by: str(turn)}) if api.page_by else url, b"", turn)


def next_call(api: Api, call: Call, *, found: int, seen: int, total: int | None) -> Call | None:
    """Give the call for the following page: none after an empty one, or when all that is stated was seen."""
    if api.page_by is None or call.turn is None or not found or call.turn > _MAX_TURN:
        return None
    if total is not None and seen >= total:
        return None
    return call_at(api, call.url, call.turn + api.step)


def total_of(body: bytes) -> int | None:
    """How many adverts an answer says there are in all; None when it does not say."""
    for value in parse_json(decode_page(body))[:1]:
        flat = {fold_key(str(key)): inner for key, inner in value.items()} if isinstance(value, dict) else {}
        for name in _TOTALS:
            if isinstance(flat.get(name), int) and flat[name] > 0:
                return int(flat[name])
    return None


def address_of(template: str, draft: Draft) -> str | None:
    """Fill a template with a list entry's `{id}`, `{id64}` (its id in base 64) or `{path}`; None when it has none."""
    identifier, path = draft.identifier or "", draft.url or ""
    if "{path}" in template and (not path.startswith("/") or "/.." in path):
        return None
    if "{id" in template and not identifier:
        return None
    return (
        template.replace("{id64}", quote(b64encode(identifier.encode()).decode(), safe=""))
        .replace("{id}", quote(identifier, safe=""))
        .replace("{path}", quote(path, safe="/%?=&+,;:@-._~"))
    )


__all__ = ["Call", "address_of", "call_at", "first_call", "next_call", "total_of"]
