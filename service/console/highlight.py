"""Cuts an advert's text into pieces at the borders of its spans, so that templates only print.

Spans may overlap, touch or share a border; every character comes out exactly once, in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
class Cover:
    """A stretch of text that somebody who reads softened text opens first."""

    start: int
    end: int
    label: str
    """What is behind it, in plain words."""


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
    cover: Cover | None = None
    """What hides it until asked."""


def hits_of(reasons: Sequence[tuple[int, Reason]], field: str) -> list[Hit]:
    """Give the spans of one field with their reasons' numbers."""
    return [
        Hit(number, span, reason.log_odds)
        for number, reason in reasons
        for span in reason.spans
        if span.field == field and span.start < span.end
    ]


def cut(text: str, hits: Sequence[Hit], covers: Sequence[Cover] = ()) -> list[Piece]:
    """Cut the text at every border of a hit; stretches that would look the same stay in one piece.

    Covers do not overlap; what one hides is cut out of what stands around it.
    """
    inside = [hit for hit in hits if hit.span.end <= len(text)]
    told = _telling(inside)
    ends = {0, len(text), *(h.span.start for h in inside), *(h.span.end for h in inside)}
    borders = sorted(ends.union(*((cover.start, cover.end) for cover in covers)))
    pieces: list[Piece] = []
    for start, end in pairwise(borders):
        covering = [hit for hit in inside if hit.span.start < end and hit.span.end > start]
        piece = _piece(text[start:end], covering, [hit for hit in told if hit.span.end == end])
        over = next((cover for cover in covers if cover.start <= start and end <= cover.end), None)
        piece = replace(piece, cover=over) if over else piece
        if pieces and _looks_same(pieces[-1], piece):
            piece = _joined(pieces.pop(), piece)
        pieces.append(piece)
    return pieces


def heat(log_odds: float) -> int:
    """Give 1-3 for a weight: doubles the odds at most, up to sevenfold, more."""
    return 1 + (abs(log_odds) > 0.7) + (abs(log_odds) > 2.0)  # noqa: PLR2004


def _telling(hits: Sequence[Hit]) -> list[Hit]:
    """Give the hits whose gloss is shown: one per stretch, none inside a longer one, none said just before.

    Several reasons often rest on the same words; the strongest of them, which has the lowest number, speaks.
    """
    best: dict[tuple[int, int], Hit] = {}
    for hit in sorted(hits, key=lambda hit: hit.number):
        if _says_more(hit.span):
            best.setdefault((hit.span.start, hit.span.end), hit)
    told: list[Hit] = []
    for (start, end), hit in sorted(best.items()):
        contained = any(a <= start and end <= b and (a, b) != (start, end) for a, b in best)
        repeated = any(other.span.end > start and other.span.gloss == hit.span.gloss for other in told)
        if not contained and not repeated:
            told.append(hit)
    return told


def _piece(text: str, covering: Sequence[Hit], ending: Sequence[Hit]) -> Piece:
    weight = max((hit.log_odds for hit in covering), key=abs, default=0.0)
    return Piece(
        text=text,
        numbers=tuple(sorted({hit.number for hit in covering})),
        tone=("up" if weight >= 0 else "down") if covering else "",
        heat=heat(weight) if covering else 0,
        glosses=tuple(Gloss(hit.number, hit.span.gloss or "") for hit in ending),
    )


def _looks_same(before: Piece, after: Piece) -> bool:
    same = (before.tone, before.heat, before.cover) == (after.tone, after.heat, after.cover)
    return same and bool(before.numbers) and not before.glosses


def _joined(before: Piece, after: Piece) -> Piece:
    numbers = tuple(sorted({*before.numbers, *after.numbers}))
    return Piece(before.text + after.text, numbers, after.tone, after.heat, after.glosses, after.cover)


def _says_more(span: Span) -> bool:
    return (span.gloss or "").casefold() not in {"", span.text.casefold()}
