"""Earlier versions of an advert: when each came, and what the one after it says otherwise."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import pairwise

from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.text.tokens import tokenise
from service.review.masking import hide_contacts
from service.store.adverts import list_versions
from service.store.tables import ReviewRow

MOST_SHOWN = 6
MOST_TOKENS = 600
"""What comes after so many is compared as one piece: the work grows with the square."""


MOST_WORK = 50_000
"""Pairs of equal tokens that are looked at; texts that repeat themselves so much are shown whole, old and new."""


@dataclass(frozen=True)
class Change:
    """A stretch that both versions share, or that only one of them has."""

    text: str
    kind: str
    """`same`, `gone` or `new`."""


@dataclass(frozen=True)
class Version:
    """A version with what changed from the one before it."""

    received_at: datetime
    digest: str
    changes: tuple[Change, ...]
    """Empty for the first version, and when words were not kept."""


def versions_of(session: Session, review: ReviewRow, *, with_contacts: bool) -> list[Version]:
    """Give the versions of a review's advert, newest first; an empty list when there is only one."""
    rows = list_versions(session, review.advert_id, partner_id=review.partner_id, limit=MOST_SHOWN)
    if len(rows) < 2:  # noqa: PLR2004 - one version has no history
        return []
    texts = [_text(JobAdvert.from_json(row.record), with_contacts=with_contacts) for row in rows]
    before = [*texts[1:], None]
    return [
        Version(row.received_at, row.digest, tuple(changes_of(old, new)) if old is not None else ())
        for row, new, old in zip(rows, texts, before, strict=True)
    ]


def changes_of(old: str, new: str) -> Iterator[Change]:
    """Compare two versions token by token, in any script; every character of both comes out."""
    a, b = _cut(old), _cut(new)
    in_a, in_b = Counter(a), Counter(b)
    if sum(n * in_b[token] for token, n in in_a.items()) > MOST_WORK:
        a, b = [old], [new]
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Change("".join(b[b0:b1]), "same")
            continue
        if a0 < a1:
            yield Change("".join(a[a0:a1]), "gone")
        if b0 < b1:
            yield Change("".join(b[b0:b1]), "new")


def _text(advert: JobAdvert, *, with_contacts: bool) -> str:
    text = "\n".join(text for _, text in advert.texts)
    return text if with_contacts else hide_contacts(text, known=[c.value for c in advert.contacts])


def _cut(text: str) -> Sequence[str]:
    _, starts, ends = tokenise(text)
    borders = sorted({0, len(text), *starts[:MOST_TOKENS], *ends[:MOST_TOKENS]})
    return [text[start:end] for start, end in pairwise(borders)]
