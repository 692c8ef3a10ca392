"""Jobs hidden in a page's state: JSON in scripts that are not JSON-LD.

Next.js keeps it in `__NEXT_DATA__` or streams it through `__next_f.push`, others assign it to a
variable. Nothing is executed: the JSON is cut out of the script's text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from crawler.pages.draft import Draft
from crawler.pages.json_ld import drafts_in
from crawler.pages.json_text import MAX_CHARS, parse_json, parse_json_at, walk
from crawler.pages.objects import drafts_in_objects, facts_of
from crawler.pages.scripts import Script

_FLIGHT = re.compile(r"self\.__next_f\.push\(\s*\[\s*1\s*,\s*(?=\")")
_ROW = re.compile(r"(?:^|\n)([0-9a-f]{1,6}):(T[0-9a-f]+,)?(?=[\[{\"T]|.)")
_ASSIGNED = re.compile(r"(?:=|\()\s*(?=[{\[][\s\"{\[])")
_WORTH = re.compile(r"JobPosting|job|vacanc|salary|position|lowongan|vaga", re.IGNORECASE)
_OPENER = re.compile(r"[{\[]")
_JOB_TYPES = {"job", "jobad", "jobposting", "vacancy", "jobdetails"}
"""What state that is cached from GraphQL calls the object of a job."""
_MAX_VALUES = 200
_MAX_TRIES = 500


def read_state(scripts: Iterable[Script]) -> tuple[Draft, ...]:
    """Give the jobs in a page's state: JobPostings if there are any, else objects that look like jobs."""
    values = list(_values(scripts))
    unpacked = [*values, *islice(_strings_with_jobs(values), _MAX_TRIES)]
    postings = drafts_in(unpacked, reader="state")
    if any(draft.title for draft in postings):
        return postings
    found = [draft for value in values for draft in drafts_in_objects(value, reader="state", strict=True)]
    if postings and len(found) == 1:
        return tuple(found)
    return _unique([*postings, *found])


def read_facts(scripts: Iterable[Script]) -> Draft | None:
    """Give what a page's state says of its one job without naming it; the title stands in the page."""
    nodes = [
        node
        for value in _values(scripts)
        for node in walk(value)
        if str(node.get("__typename", "")).lower() in _JOB_TYPES
    ]
    return facts_of(nodes[0], reader="state") if len(nodes) == 1 else None


def _unique(drafts: list[Draft]) -> tuple[Draft, ...]:
    seen: dict[tuple[object, ...], Draft] = {}
    for draft in drafts:
        seen.setdefault((draft.title, draft.employer, draft.identifier, draft.url), draft)
    return tuple(seen.values())


def _values(scripts: Iterable[Script]) -> Iterator[Any]:
    flight: list[str] = []
    n = 0
    for script in scripts:
        if "ld+json" in script.kind or len(script.text) > MAX_CHARS:
            continue
        pieces = list(_flight(script.text))
        flight += pieces
        if pieces or not _WORTH.search(script.text):
            continue
        for value in _script_values(script):
            if n < _MAX_VALUES:
                n += 1
                yield value
    yield from _flight_values("".join(flight))


def _script_values(script: Script) -> Iterator[Any]:
    if "json" in script.kind:
        yield from parse_json(script.text)
        return
    at, n = 0, 0
    while n < _MAX_TRIES and (match := _ASSIGNED.search(script.text, at)) is not None:
        n += 1
        found = parse_json_at(script.text, match.end())
        if found is None:
            at = match.end()
            continue
        value, at = found
        if value:
            yield value


def _flight(text: str) -> Iterator[str]:
    for match in _FLIGHT.finditer(text):
        found = parse_json_at(text, match.end())
        if found and isinstance(found[0], str):
            yield found[0]


def _flight_values(text: str) -> Iterator[Any]:
    """Rows look like `1f:{…}` or `13:T1e00,text`; JSON is taken wherever it begins."""
    if not _WORTH.search(text):
        return
    texts = dict(_long_texts(text))
    at, n = 0, 0
    while n < _MAX_TRIES and (opener := _OPENER.search(text, at)) is not None:
        n += 1
        found = parse_json_at(text, opener.start())
        if found is None:
            at = opener.end()
            continue
        value, at = found
        yield _with_texts(value, texts) if texts else value


def _long_texts(text: str) -> Iterator[tuple[str, str]]:
    """Long strings travel in rows of their own: `2a:T60,…`, the length in hexadecimal bytes."""
    for match in re.finditer(r"(?:^|\n)([0-9a-f]{1,6}):T([0-9a-f]{1,6}),", text):
        length = int(match.group(2), 16)
        raw = text[match.end() : match.end() + length].encode()[:length]
        yield f"${match.group(1)}", raw.decode("utf-8", "ignore")


def _with_texts(value: Any, texts: dict[str, str]) -> Any:
    for node in walk(value):
        for key, inner in node.items():
            if isinstance(inner, str) and inner in texts:
                node[key] = texts[inner]
    return value


def _strings_with_jobs(values: Iterable[Any]) -> Iterator[Any]:
    """A JobPosting serialised into a string inside other JSON."""
    for value in values:
        for node in walk(value):
            outer_title = node.get("title")
            for inner in node.values():
                if isinstance(inner, str) and '"JobPosting"' in inner:
                    for found in parse_json(inner):
                        lacks = isinstance(found, dict) and outer_title and not found.get("title")
                        yield _adopt(found, node) if lacks else found


def _adopt(posting: dict[str, Any], outer: dict[str, Any]) -> dict[str, Any]:
    """The object around a serialised posting states what the posting leaves out."""
    names = {"title": "title", "hiringOrganization": "companyName", "jobLocation": "location"}
    taken = {name: outer[key] for name, key in names.items() if outer.get(key) and not posting.get(name)}
    return json.loads(json.dumps({**posting, **taken}))  # type: ignore[no-any-return]
