"""Hides the ways to answer inside an advert's text, or makes them fictional.

The detector's own reader finds them, however they are broken up; values the page gave beside the
text are found by their letters. A phone number keeps its shape, so that training sees one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from model.facts import contacts
from model.schema.advert import ContactKind
from model.text.normalise import normalise

FICTIONAL = {ContactKind.EMAIL: "name@example.com", ContactKind.URL: "https://example.com/"}
HANDLE = "example_contact"
SHORTEST = 4
"""Shorter values would be found inside ordinary words."""


@dataclass(frozen=True)
class Found:
    """One way to answer, in code points of the text as received."""

    kind: ContactKind
    start: int
    end: int


def find_contacts(text: str, *, known: Iterable[str] = ()) -> list[Found]:
    """Give the ways to answer in the text, in order, without overlap; `known` values are found anywhere."""
    folded = normalise(text)
    read = [Found(c.kind, *folded.received_span(c.start, c.end)) for c in contacts.find_contacts(folded)]
    told = [
        Found(ContactKind.OTHER, match.start(), match.end())
        for value in {value for value in known if len(value) >= SHORTEST}
        for match in re.finditer(re.escape(value), text, re.IGNORECASE)
    ]
    return _without_overlap(read + told)


def hide_contacts(text: str, *, known: Iterable[str] = ()) -> str:
    """Give the text with every contact dotted out, no character moved, so that spans still fit."""
    letters = list(text)
    for contact in find_contacts(text, known=known):
        letters[contact.start : contact.end] = "•" * (contact.end - contact.start)
    return "".join(letters)


def fictional_contacts(text: str, *, known: Iterable[str] = ()) -> str:
    """Give the text with every contact made fictional."""
    pieces, position = [], 0
    for contact in find_contacts(text, known=known):
        pieces += [text[position : contact.start], _stand_in(contact.kind, text[contact.start : contact.end])]
        position = contact.end
    return "".join([*pieces, text[position:]])


def _stand_in(kind: ContactKind, written: str) -> str:
    if kind in FICTIONAL:
        return FICTIONAL[kind]
    if "/" in written:
        return written.partition("/")[0] + "/" + HANDLE
    if not re.search(r"[^\W\d_]", written):
        return re.sub(r"\d", "0", written)
    return "@" + HANDLE if written.startswith("@") else HANDLE


def _without_overlap(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for contact in sorted(found, key=lambda contact: (contact.start, -contact.end)):
        if not kept or contact.start >= kept[-1].end:
            kept.append(contact)
    return kept
