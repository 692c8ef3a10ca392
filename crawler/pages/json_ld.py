"""JobPostings written as JSON-LD, one unreadable block never costing the others."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from crawler.pages.draft import MAX_DRAFTS, Draft
from crawler.pages.job_posting import draft_of, is_posting
from crawler.pages.json_text import parse_json, walk
from crawler.pages.scripts import Script


def read_json_ld(scripts: Iterable[Script]) -> tuple[tuple[Draft, ...], int]:
    """Give the page's JobPostings in order, and how many blocks could not be read at all."""
    values: list[Any] = []
    unreadable = 0
    for script in scripts:
        if "ld+json" not in script.kind:
            continue
        found = parse_json(script.text)
        if not found and script.text.strip():
            unreadable += 1
        values += found
    return drafts_in(values, reader="json_ld"), unreadable


def drafts_in(values: Iterable[Any], *, reader: str) -> tuple[Draft, ...]:
    """Give the JobPostings anywhere inside some JSON values, each once."""
    nodes = [node for value in values for node in walk(value)]
    by_id = {
        node["@id"]: node
        for node in nodes
        if isinstance(node.get("@id"), str) and not set(node) <= {"@id", "@type"}
    }
    whole = islice((node for node in nodes if _is_whole(node)), MAX_DRAFTS)
    return tuple(_unique(draft_of(node, reader=reader, by_id=by_id) for node in whole))


def _is_whole(node: Mapping[str, Any]) -> bool:
    return is_posting(node) and any(node.get(name) for name in ("title", "name", "description", "jobTitle"))


def _unique(drafts: Iterable[Draft]) -> Iterable[Draft]:
    seen: set[tuple[object, ...]] = set()
    for draft in drafts:
        key = (draft.title, draft.description, draft.url, draft.identifier, draft.places)
        if key not in seen:
            seen.add(key)
            yield draft
