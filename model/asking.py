"""Which adverts to ask people about next, so that a few answers teach most.

Three aims take turns: adverts that the detector is least sure of, adverts with a sign that few labelled ones
carry, and adverts in a language with few labels. Under every aim the least certain advert goes first, one of a
campaign stands for all of it, and what was chosen counts as labelled from then on, so that signs and languages
take turns as well. The review queue's daily set and the learning curve of the evaluation report both choose here.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Aim(StrEnum):
    """Why an advert is asked about."""

    DOUBT = "doubt"
    """Its score stands near the line, and few of its language were asked about so far."""
    SIGN = "sign"
    """Few labelled adverts carry one of its signs."""
    LANGUAGE = "language"
    """Few adverts in its language are labelled."""


@dataclass(frozen=True)
class Labelled:
    """How many adverts people have labelled."""

    languages: Mapping[str, int] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=dict)
    """By reason code: how many of them carry it."""

    def __add__(self, other: "Labelled") -> "Labelled":
        """Give both together."""
        return Labelled(
            Counter(self.languages) + Counter(other.languages), Counter(self.signs) + Counter(other.signs)
        )

    def rarest(self, signs: Iterable[str]) -> str | None:
        """Give the sign that the fewest labelled adverts carry; None of none."""
        return min(signs, key=lambda sign: (self.signs.get(sign, 0), sign), default=None)


@dataclass(frozen=True, slots=True)
class Question:
    """An advert that people could be asked about."""

    key: str
    campaign: str
    """Adverts of one campaign are asked about once."""
    language: str
    sign: str | None
    """The least labelled of its signs, see `Labelled.rarest`."""
    margin: float
    """How far its score is from the line, in log-odds."""
    lot: float
    """Which of two equals comes first."""

    @property
    def order(self) -> tuple[float, float, str]:
        """Least certain first."""
        return self.margin, self.lot, self.key


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was chosen, and why."""

    question: Question
    aim: Aim
    n_labelled: int
    """How many adverts of its language, or with its sign, were labelled or chosen before."""


class Asking:
    """Takes any number of questions, keeps the few that can be chosen, and chooses."""

    def __init__(self, labelled: Labelled, *, size: int, aims: Sequence[Aim] = tuple(Aim)) -> None:
        self._size, self._aims = size, aims
        self._n_of: dict[Aim, Counter[str]] = {
            Aim.DOUBT: Counter(),
            Aim.SIGN: Counter(labelled.signs),
            Aim.LANGUAGE: Counter(labelled.languages),
        }
        self._by_language: dict[str, _Shelf] = {}
        self._by_sign: dict[str, _Shelf] = {}

    def consider(self, question: Question) -> None:
        """Add a question; what can never be chosen any more is forgotten."""
        self._by_language.setdefault(question.language, _Shelf(self._size)).add(question)
        if question.sign is not None:
            self._by_sign.setdefault(question.sign, _Shelf(self._size)).add(question)

    def choose(self) -> list[Asked]:
        """Give the chosen in order, at most `size`; the aims take turns, and one that finds nothing is passed over."""
        chosen: list[Asked] = []
        spent: set[str] = set()
        while len(chosen) < self._size:
            before = len(chosen)
            for aim in self._aims:
                found = self._next(aim, spent) if len(chosen) < self._size else None
                if found is not None:
                    chosen.append(found)
                    spent.add(found.question.campaign)
            if len(chosen) == before:
                break
        return chosen

    def _next(self, aim: Aim, spent: set[str]) -> Asked | None:
        shelves = self._by_sign if aim is Aim.SIGN else self._by_language
        counts = self._n_of[aim]
        first = [(name, question) for name, shelf in shelves.items() if (question := shelf.first(spent))]
        if not first:
            return None
        if aim is Aim.DOUBT:
            # Each one asked about in a language makes the next in it half, a third, a quarter as urgent.
            name, question = min(
                first, key=lambda pair: (-math.exp(-pair[1].margin) / (1 + counts[pair[0]]), pair[1].order)
            )
        else:
            name, question = min(first, key=lambda pair: (counts[pair[0]], pair[1].order))
        asked = Asked(question, aim, counts[name])
        self._n_of[Aim.DOUBT][question.language] += 1
        self._n_of[Aim.LANGUAGE][question.language] += 1
        if question.sign is not None:
            self._n_of[Aim.SIGN][question.sign] += 1
        return asked


class _Shelf:
    """The least certain question of each campaign, as many as can be chosen."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._best: dict[str, Question] = {}
        self._ordered: list[Question] | None = None

    def add(self, question: Question) -> None:
        known = self._best.get(question.campaign)
        if known is not None and known.order <= question.order:
            return
        self._best[question.campaign] = question
        self._ordered = None
        if len(self._best) > 4 * self._size:
            self._best = {one.campaign: one for one in sorted(self._best.values(), key=_order)[: self._size]}

    def first(self, spent: set[str]) -> Question | None:
        if self._ordered is None:
            self._ordered = sorted(self._best.values(), key=_order, reverse=True)
        while self._ordered and self._ordered[-1].campaign in spent:
            self._ordered.pop()
        return self._ordered[-1] if self._ordered else None


def _order(question: Question) -> tuple[float, float, str]:
    return question.order
