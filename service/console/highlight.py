"""Cuts an advert's text into pieces at the borders of its spans, so that templates only print.

Spans may overlap, touch or share a border; every character comes out exactly once, in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from model.schema.assessment import Reason, Span


@dataclass(frozen=True)
class Hit:
    """One span with the reason it belongs to."""

    number: int
    """The reason's number on the page."""
    span: Span
    log_odds: float


@dataclass(frozen=True)
class Gloss:
    """What a hit says in English, shown where the hit ends."""

    number: int
    text: str


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is highlighted in one way."""

    text: str
    numbers: tuple[int, ...]
    """Reasons that point here; none for plain text."""
    tone: str
    """`up`, `down` or empty."""
    heat: int
    """1-3 by weight; 0 for plain text."""
    glosses: tuple[Gloss, ...]
    """Hits that end here."""


def hits_of(reasons: Sequence[tuple[int, Reason]], field: str) -> list[Hit]:
    """Give the spans of one field with their reasons' numbers."""
    return [
        Hit(number, span, reason.log_odds)
        for number, reason in reasons
        for span in reason.spans
        if span.field == field and span.start < span.end
    ]


def cut(text: str, hits: Sequence[Hit]) -> list[Piece]:
    """Cut the text at every border of a hit."""
    inside = [hit for hit in hits if hit.span.end <= len(text)]
    borders = sorted({0, len(text), *(h.span.start for h in inside), *(h.span.end for h in inside)})
    return [
        _piece(text[start:end], [hit for hit in inside if hit.span.start < end and hit.span.end > start], end)
        for start, end in pairwise(borders)
    ]


def _piece(text: str, covering: list[Hit], end: int) -> Piece:
    weight = sum(hit.log_odds for hit in covering)
    glosses = [
        Gloss(hit.number, hit.span.gloss or "")
        for hit in covering
        if hit.span.end == end and _says_more(hit.span)
    ]
    return Piece(
        text=text,
        numbers=tuple(sorted({hit.number for hit in covering})),
        tone=("up" if weight >= 0 else "down") if covering else "",
        heat=heat(weight) if covering else 0,
        glosses=tuple(dict.fromkeys(glosses)),
    )


def heat(log_odds: float) -> int:
    """Give 1-3 for a weight: doubles the odds at most, up to sevenfold, more."""
    return 1 + (abs(log_odds) > 0.7) + (abs(log_odds) > 2.0)  # noqa: PLR2004


def _says_more(span: Span) -> bool:
    return (span.gloss or "").casefold() not in {"", span.text.casefold()}
