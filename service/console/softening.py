"""Softened text: contacts and passages on violence or captivity stay covered until the reader opens them.

Whoever reads such adverts all day is spared what a glance does not need. Nothing is taken away: a cover says
what is behind it and opens by a key. Headings in lists cannot be opened there: the advert's page does that.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy.orm import Session

from model.schema.assessment import Reason
from service.console.highlight import Cover, Piece, cut
from service.review.masking import find_contacts, hide_contacts
from service.store import search

COOKIE = "lurewatch_soft"
CONTACT = "contact"
"""What the cover of a way to answer is called."""
HARD: dict[str, str] = {
    "victim_testimony": "passage on what was done to somebody",
    "safety_reassurance_denial": "passage on violence or sale",
    "confinement_rules": "passage on being held",
    "quota_or_penalty_terms": "passage on punishment",
}
"""Reason → what a passage with it is called on its cover."""
Passage = tuple[Cover | None, list[Piece]]
_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f\u104b\u17d4\u0964\n]+")


@dataclass(frozen=True)
class Headings:
    """How the headings of one page are written for who reads it."""

    with_contacts: bool
    softened: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    """Review → what its advert's heading is replaced by."""

    @classmethod
    def of(
        cls, session: Session, review_ids: Iterable[str], *, with_contacts: bool, softened: bool
    ) -> "Headings":
        """Look up which of some adverts are hard to read, when that matters."""
        labels: dict[str, str] = {}
        if softened:
            for review_id, code in search.tagged(session, list(review_ids), kind="indicator", values=HARD):
                labels.setdefault(review_id, HARD[code])
        return cls(with_contacts, softened, labels)

    def show(self, heading: str | None, review_id: str | None = None, *, length: int = 200) -> str:
        """Give a heading as it is shown: what is hard to read under its label, contacts dotted out where they must."""
        if label := self.labels.get(review_id or ""):
            return f"[{label}]"
        plain = " ".join((heading or "untitled").split())[:length]
        return plain if self.with_contacts and not self.softened else hide_contacts(plain)

    def cover(self, text: str, review_id: str | None, *, known: Sequence[str] = ()) -> list[Passage]:
        """Give a whole text under covers that its reader opens one by one."""
        covers = covers_of(text, "", (), known=known) if self.softened else []
        if label := self.labels.get(review_id or ""):
            covers = [Cover(0, len(text), label)]
        return passages(cut(text, [], covers))


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
            covers.append(Cover(contact.start, contact.end, CONTACT))
    return sorted(covers, key=lambda cover: cover.start)


def passages(pieces: Sequence[Piece]) -> list[Passage]:
    """Give neighbours that are behind one cover together."""
    return [(cover, list(group)) for cover, group in groupby(pieces, key=lambda piece: piece.cover)]


def without_hard_words(reason: Reason, covers: Mapping[str, Sequence[Cover]]) -> Reason:
    """Give a reason without the words that are behind a cover, whichever reason it was that covered them."""
    spans = tuple(
        span
        for span in reason.spans
        if not any(span.start < cover.end and cover.start < span.end for cover in covers.get(span.field, ()))
    )
    return reason.model_copy(update={"spans": spans})


def _sentence(text: str, start: int, end: int, label: str) -> Cover:
    before = [match.end() for match in _SENTENCE_END.finditer(text, 0, start)]
    after = _SENTENCE_END.search(text, max(start, end - 1))
    return Cover(before[-1] if before else 0, max(end, after.end()) if after else len(text), label)
