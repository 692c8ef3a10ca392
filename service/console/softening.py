"""Softened text: contacts and passages on violence or captivity stay covered until the reader opens them.

Whoever reads such adverts all day is spared what a glance does not need. Nothing is taken away: a cover says
what is behind it and opens by a key.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from model.schema.assessment import Reason
from service.console.highlight import Cover, Piece
from service.review.masking import find_contacts

COOKIE = "lurewatch_soft"
HARD: dict[str, str] = {
    "victim_testimony": "passage on what was done to somebody",
    "safety_reassurance_denial": "passage on violence or sale",
    "confinement_rules": "passage on being held",
    "quota_or_penalty_terms": "passage on punishment",
}
"""Reason → what a passage with it is called on its cover."""
_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f\u104b\u17d4\u0964\n]+")


def covers_of(text: str, field: str, reasons: Sequence[Reason], *, known: Sequence[str]) -> list[Cover]:
    """Give what is covered in one field, in order: whole sentences that are hard to read, and contacts."""
    found = [
        _sentence(text, span.start, span.end, HARD[reason.code])
        for reason in reasons
        if reason.code in HARD
        for span in reason.spans
        if span.field == field and span.start < span.end <= len(text)
    ]
    covers: list[Cover] = []
    for cover in sorted(found, key=lambda cover: (cover.start, -cover.end)):
        if covers and cover.start < covers[-1].end:
            covers[-1] = Cover(covers[-1].start, max(cover.end, covers[-1].end), covers[-1].label)
        else:
            covers.append(cover)
    for contact in find_contacts(text, known=known):
        if all(contact.end <= cover.start or cover.end <= contact.start for cover in covers):
            covers.append(Cover(contact.start, contact.end, "contact"))
    return sorted(covers, key=lambda cover: cover.start)


def passages(pieces: Sequence[Piece]) -> list[tuple[Cover | None, list[Piece]]]:
    """Give neighbours that are behind one cover together."""
    return [(cover, list(group)) for cover, group in groupby(pieces, key=lambda piece: piece.cover)]


def without_hard_words(reason: Reason) -> Reason:
    """Give a reason without the words it rests on, when those are hard to read."""
    return reason.model_copy(update={"spans": ()}) if reason.code in HARD else reason


def _sentence(text: str, start: int, end: int, label: str) -> Cover:
    before = [match.end() for match in _SENTENCE_END.finditer(text, 0, start)]
    after = _SENTENCE_END.search(text, max(start, end - 1))
    return Cover(before[-1] if before else 0, max(end, after.end()) if after else len(text), label)
