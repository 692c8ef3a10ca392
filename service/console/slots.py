"""What the adverts of a campaign share word for word, and what they fill its slots with.

One advert stands for all and is compared with others token by token, in every script; tokens that nearly
all of them share are fixed, what lies between is a slot. Spelling differs in nothing but case.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from model.text.tokens import tokenise

MOST_COMPARED = 24
MOST_TOKENS = 600
"""Longer texts are compared by their beginning: the work grows with the square."""
FIXED_FROM = 0.8
"""Share of the others that must have a token in the same place."""
LEAST_SHARED = 0.3
"""Texts that share less have no template; what they share is a contact or chance."""
MOST_FILLINGS = 6
_BETWEEN = " \t\r\n.,;:!?，。；：！？、"
LEAST_FIXED = 2
"""A single shared token between two slots is chance."""


@dataclass(frozen=True)
class SlotPiece:
    """A stretch of the advert that stands for all."""

    text: str
    is_slot: bool
    fillings: tuple[tuple[str, int], ...] = ()
    """What others write there, and how many of them; commonest first."""


def pieces_of(texts: Sequence[str]) -> list[SlotPiece]:
    """Cut the first text into what all share and what varies; one piece when there is no template."""
    first, others = texts[0], texts[1 : 1 + MOST_COMPARED]
    words, starts, ends = _tokens(first)
    if not others or not words:
        return [SlotPiece(first, is_slot=False)]
    matches = [_match(words, text) for text in others]
    counted = Counter(place for match in matches for place in match.places)
    fixed = [counted[place] >= FIXED_FROM * len(others) for place in range(len(words))]
    _drop_lonely(fixed)
    if sum(fixed) < LEAST_SHARED * len(words):
        return [SlotPiece(first, is_slot=False)]
    pieces: list[SlotPiece] = []
    borders = [0, *(n for n in range(1, len(words)) if fixed[n] != fixed[n - 1]), len(words)]
    position = 0
    for begin, end in pairwise(borders):
        if fixed[begin]:
            continue
        start, stop = starts[begin], ends[end - 1]
        if start > position:
            pieces.append(SlotPiece(first[position:start], is_slot=False))
        others_say = [said for match in matches if (said := match.between(begin - 1, end))]
        fillings = Counter([first[start:stop], *others_say]).most_common(MOST_FILLINGS)
        pieces.append(SlotPiece(first[start:stop], is_slot=True, fillings=tuple(fillings)))
        position = stop
    if position < len(first):
        pieces.append(SlotPiece(first[position:], is_slot=False))
    return pieces


@dataclass(frozen=True)
class _Match:
    text: str
    places: dict[int, int]
    """Token of the first text → token of this one."""
    starts: list[int]
    ends: list[int]

    def between(self, before: int, after: int) -> str | None:
        """Give what this text has between two tokens of the first; None when it lacks one of them."""
        if before >= 0 and before not in self.places:
            return None
        begin = self.ends[self.places[before]] if before >= 0 else 0
        if after not in self.places:
            return None
        return self.text[begin : self.starts[self.places[after]]].strip(_BETWEEN) or None


def _match(words: Sequence[str], text: str) -> _Match:
    theirs, starts, ends = _tokens(text)
    blocks = SequenceMatcher(a=words, b=theirs, autojunk=False).get_matching_blocks()
    places = {block.a + n: block.b + n for block in blocks for n in range(block.size)}
    return _Match(text, places, starts, ends)


def _tokens(text: str) -> tuple[list[str], list[int], list[int]]:
    words, starts, ends = tokenise(text)
    return [word.lower() for word in words[:MOST_TOKENS]], starts[:MOST_TOKENS], ends[:MOST_TOKENS]


def _drop_lonely(fixed: list[bool]) -> None:
    begin = 0
    for end in range(1, len(fixed) + 1):
        if end == len(fixed) or fixed[end] != fixed[begin]:
            if fixed[begin] and end - begin < LEAST_FIXED and (begin > 0 or end < len(fixed)):
                fixed[begin:end] = [False] * (end - begin)
            begin = end
