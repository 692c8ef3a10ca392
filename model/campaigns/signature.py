"""A short signature per advert: alike for texts that differ in a number, a name or an emoji.

MinHash over token shingles (rensa), cut into bands for locality-sensitive hashing (Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, chapter 3). Contacts and numbers are masked first, so that a template is found though every copy names another
handle; scripts without spaces are shingled by letters, because their tokens are letters.
"""

from dataclasses import dataclass

from rensa import RMinHash

from model.facts.contacts import find_contacts, masked
from model.text.normalise import normalise
from model.text.tokens import is_unspaced, tokenise

PERMUTATIONS = 128
BANDS = 32
"""32 bands of 4 rows: pairs of Jaccard .5 share a band in 87% of cases, of .7 in 99.98% (1-(1-s⁴)³²)."""
_SEED = 42
_WORDS, _LETTERS = 3, 5
_LEAST_SHINGLES = 6
"""Shorter texts share everything with everything; they are compared whole."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What grouping and the database compare."""

    shingles: frozenset[str]
    bands: tuple[str, ...]
    """One key per band; two texts that share one are candidates."""


def shingles_of(text: str) -> frozenset[str]:
    """Give the masked shingles of a text as received."""
    folded = normalise(text)
    hidden = masked(folded.text, find_contacts(folded))
    words = ["#" if word[0].isdigit() else word for word in tokenise(hidden)[0]]
    unspaced = sum(map(is_unspaced, words)) * 2 > len(words)
    width = _LETTERS if unspaced else _WORDS
    if len(words) < width + _LEAST_SHINGLES - 1:
        return frozenset({" ".join(words)}) if words else frozenset()
    return frozenset(" ".join(words[i : i + width]) for i in range(len(words) - width + 1))


def sign(text: str) -> Signature:
    """Sign a text; an empty one gets no bands and is like nothing."""
    shingles = shingles_of(text)
    if not shingles:
        return Signature(shingles, ())
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
    minhash.update(sorted(shingles))
    digest = minhash.digest()
    rows = PERMUTATIONS // BANDS
    bands = tuple(
        f"{band}:" + "-".join(f"{value:x}" for value in digest[band * rows : (band + 1) * rows])
        for band in range(BANDS)
    )
    return Signature(shingles, bands)


def likeness(a: Signature, b: Signature) -> float:
    """Give the Jaccard likeness of two texts' shingles, 0 to 1."""
    if not a.shingles or not b.shingles:
        return 0.0
    return len(a.shingles & b.shingles) / len(a.shingles | b.shingles)
