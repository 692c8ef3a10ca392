"""Jobs in XML feeds: RSS, Atom, Indeed-style job feeds, HR-XML.

An item becomes an object of its elements, and is read by the same names as a job API's.
Entities are not expanded and nothing outside the file is fetched.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.labels import fold_key
from crawler.pages.objects import drafts_in_objects

ITEM_NAMES = frozenset(
    {"item", "entry", "job", "position", "vacancy", "offer", "ad", "advert", "positionopening", "jobposting"}
    | {"jobpositionposting", "stelle", "jobopening", "listing", "opening", "row", "record"}
)
"""What feeds call one advert."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_MAX_ITEMS = 20_000
_MAX_DEPTH = 12
_TITLED = re.compile(r"^(?P<employer>[^:]{2,60}): (?P<title>\S.{2,})$")


def parse_xml(text: str) -> etree._Element | None:
    """Parse an XML text that may be slightly broken; None when it is no XML."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    bare = _DECLARATION.sub("", text.lstrip("\ufeff \t\r\n"), count=1)
    if not bare.lstrip().startswith("<"):
        return None
    try:
        root = etree.fromstring(bare.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def local_name(element: etree._Element) -> str:
    """The element's name in lower case without its namespace."""
    # not etree.QName: broken feeds hold names that it refuses
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def read_feed(root: etree._Element) -> tuple[Draft, ...]:
    """Give the jobs of a feed, in order."""
    items = [_object(item) for item in _items(root)]
    drafts: list[Draft] = []
    for item in items:
        found = drafts_in_objects([item], reader="feed")
        drafts += found[:1]
    return tuple(_employers_from_titles(drafts) if local_name(root) == "rss" else drafts)


def _items(root: etree._Element) -> Iterator[etree._Element]:
    n = 0
    stack = [root]
    while stack and n < _MAX_ITEMS:
        element = stack.pop()
        if local_name(element) in ITEM_NAMES and element is not root and len(element) > 1:
            n += 1
            yield element
            continue
        stack.extend(reversed(element))


def _object(element: etree._Element, depth: int = 0) -> dict[str, Any]:
    """An element's children as an object; repeated children become a list."""
    values: dict[str, Any] = {}
    for child in element:
        name = fold_key(local_name(child))
        if not name or depth > _MAX_DEPTH:
            continue
        value = _value(child, depth)
        if value in (None, "", {}):
            continue
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values


def _value(element: etree._Element, depth: int) -> Any:
    if any(isinstance(child.tag, str) for child in element):
        inner = _object(element, depth + 1)
        return inner[next(iter(inner))] if len(inner) == 1 and local_name(element).endswith("s") else inner
    text = "".join(map(str, element.itertext())).strip()
    return text or element.get("href") or element.get("term") or None


def _employers_from_titles(drafts: list[Draft]) -> list[Draft]:
    """Some feeds write `Employer: Title` throughout; one such title alone says nothing."""
    matches = [_TITLED.match(draft.title or "") for draft in drafts]
    if any(draft.employer for draft in drafts) or sum(1 for match in matches if match) * 2 <= len(drafts):
        return drafts
    return [
        replace(draft, title=match["title"], employer=match["employer"]) if match else draft
        for draft, match in zip(drafts, matches, strict=True)
    ]
