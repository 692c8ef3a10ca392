"""A short signature per advert: alike for texts that differ in a number, a name or an emoji.

MinHash over token shingles (rensa), cut into bands for locality-sensitive hashing (Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, chapter 3). Contacts and numbers are masked first, so that a template is found though every copy names another
handle; scripts without spaces are shingled by letters, because their tokens are letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rensa import RMinHash

from model.facts.contacts import ContactFound, find_contacts, masked
from model.text.normalise import NormalText, normalise
from model.text.tokens import mostly_unspaced, tokenise

PERMUTATIONS = 128
BANDS = 32
"""32 bands of 4 rows: pairs of Jaccard .5 share a band in 87% of cases, of .7 in 99.98% (1-(1-s⁴)³²)."""
_SEED = 42
_WORDS, _LETTERS = 3, 5
_ROWS = PERMUTATIONS // BANDS
_LEAST_SHINGLES = 6
"""Shorter texts share everything with everything; they are compared whole."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What grouping and the database compare."""

    shingles: frozenset[str]
    bands: tuple[str, ...]
    """One key per band; two texts that share one are candidates."""
    minhash: bytes = b""
    """128 little-endian 32-bit numbers: enough to compare two texts by when neither is at hand."""

    @property
    def tells(self) -> bool:
        """Whether there are words enough to know a template by: `Typist wanted` is anybody's."""
        return len(self.shingles) >= _LEAST_SHINGLES


def shingles_of(text: str) -> frozenset[str]:
    """Give the masked shingles of a text as received."""
    folded = normalise(text)
    return _shingles(folded, find_contacts(folded))


def _shingles(folded: NormalText, contacts: list[ContactFound]) -> frozenset[str]:
    hidden = masked(folded.text, contacts)
    words = ["#" if word[0].isdigit() else word for word in tokenise(hidden)[0]]
    width = _LETTERS if mostly_unspaced(words) else _WORDS
    if len(words) < width + _LEAST_SHINGLES - 1:
        return frozenset({" ".join(words)}) if words else frozenset()
    return frozenset(" ".join(words[i : i + width]) for i in range(len(words) - width + 1))


def sign(text: str) -> Signature:
    """Sign a text; an empty one gets no bands and is like nothing."""
    folded = normalise(text)
    return sign_folded(folded, find_contacts(folded))


def sign_folded(folded: NormalText, contacts: list[ContactFound]) -> Signature:
    """Sign a text that was folded and searched for contacts already."""
    shingles = _shingles(folded, contacts)
    if not shingles:
        return Signature(shingles, ())
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
    minhash.update(sorted(shingles))
    digest = minhash.digest()
    return Signature(shingles, _bands(digest), np.array(digest, dtype="<u4").tobytes())


def bands_of(minhash: bytes) -> tuple[str, ...]:
    """Give the bands of a signature that was kept as bytes."""
    return _bands(np.frombuffer(minhash, dtype="<u4").tolist())


def estimated_likeness(a: bytes, b: bytes) -> float:
    """Estimate the Jaccard likeness of two texts by their kept signatures, to about ±0.04."""
    if not a or not b:
        return 0.0
    return float(np.mean(np.frombuffer(a, dtype="<u4") == np.frombuffer(b, dtype="<u4")))


def _bands(digest: Sequence[int]) -> tuple[str, ...]:
    rows = iter(["%x" % value for value in digest])  # noqa: UP031 - half the cost of an f-string
    return tuple(
        [f"{band}:{a}-{b}-{c}-{d}" for band, (a, b, c, d) in enumerate(zip(*[rows] * _ROWS, strict=True))]
    )


def likeness(a: Signature, b: Signature) -> float:
    """Give the Jaccard likeness of two texts' shingles, 0 to 1."""
    if not a.shingles or not b.shingles:
        return 0.0
    return len(a.shingles & b.shingles) / len(a.shingles | b.shingles)
