"""Reads an advert's text once and gives every hit: indicators and places, with spans of the text received."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from model.indicators.automaton import Automaton, Match
from model.indicators.registry import Catalogue
from model.indicators.wording import Part, Wording
from model.text.normalise import NormalText


class Hit(NamedTuple):
    """One wording found: which indicator, where in the folded text, and what it says."""

    indicator: str
    start: int
    end: int
    gloss: str
    language: str


class PlaceHit(NamedTuple):
    """One place named."""

    start: int
    end: int
    country: str
    kind: str
    name: str
    specificity: str | None


@dataclass(frozen=True, slots=True)
class PlaceWord:
    """A way to write a place, as the matcher needs it (see `model.facts.gazetteer.PlaceName`)."""

    row: tuple[str, ...]
    country: str
    kind: str
    name: str
    specificity: str | None
    proper: bool


class Matcher:
    """All wording of a catalogue and all places in one automaton."""

    def __init__(self, catalogue: Catalogue, places: Sequence[PlaceWord] = ()) -> None:
        self._said = [(name, term.gloss, term.language) for name, term, _ in catalogue.wordings]
        self._gapped = [len(wording.parts) > 1 for _, _, wording in catalogue.wordings]
        self._places = list(places)
        rows = [Wording((Part(((place.row,),)),)) for place in self._places]
        self._automaton = Automaton([*(wording for _, _, wording in catalogue.wordings), *rows])

    def match(
        self,
        text: NormalText,
        words: list[str],
        starts: Sequence[int],
        ends: Sequence[int],
        *,
        surely: str | None = None,
    ) -> tuple[list[Hit], list[PlaceHit]]:
        """Find everything in a folded and tokenised text, in reading order, the longest reading of each stretch.

        `surely` names the text's language where that is beyond doubt: single Latin words of other languages
        are then not taken for theirs. Everything else is matched whatever the language.
        """
        wordings: list[Match] = []
        places: list[Match] = []
        said = self._said
        n_terms = len(said)
        trusted = {surely, *_TRUSTED.get(surely or "", ()), "en"}
        for match in self._automaton.scan(words):
            number = match[0]
            if number >= n_terms:
                places.append(match)
            elif surely is None or said[number][2] in trusted or not _is_homograph(match, words):
                wordings.append(match)
        hits = []
        for number, start, end in self._longest(wordings):
            indicator, gloss, language = said[number]
            hits.append(Hit(indicator, starts[start], ends[end - 1], gloss, language))
        return hits, [*self._named_places(text, places, starts, ends), *_flags(text)]

    def _longest(self, matches: list[Match]) -> list[Match]:
        """Keep the longest reading: `no experience needed` silences `experience needed` inside it.

        A wording with a gap spans words that are not its own, so it silences only its own indicator.
        """
        gapped, said = self._gapped, self._said
        ordered = sorted([(m[1], -m[2], gapped[m[0]], m[0], m) for m in matches])
        kept: list[Match] = []
        seen: set[tuple[str, int, int]] = set()
        solid_start, solid_end = -1, -1
        reach: dict[str, int] = {}
        for start, minus_end, has_gap, number, match in ordered:
            end = -minus_end
            indicator = said[number][0]
            key = (indicator, start, end)
            within = end <= solid_end and (start != solid_start or end != solid_end)
            if within or key in seen or end <= reach.get(indicator, -1):
                continue
            seen.add(key)
            reach[indicator] = end
            kept.append(match)
            if not has_gap and end > solid_end:
                solid_start, solid_end = start, end
        return kept

    def _named_places(
        self,
        text: NormalText,
        matches: Iterable[Match],
        starts: Sequence[int],
        ends: Sequence[int],
    ) -> list[PlaceHit]:
        first = len(self._said)
        found = []
        reach = -1
        for match in sorted(matches, key=lambda m: (m.start, -m.end, m.wording)):
            place = self._places[match.wording - first]
            start, end = starts[match.start], ends[match.end - 1]
            if match.end <= reach or (place.proper and not _capitalised(text, start)):
                continue
            reach = match.end
            found.append(PlaceHit(start, end, place.country, place.kind, place.name, place.specificity))
        return found


def _is_homograph(match: Match, words: Sequence[str]) -> bool:
    """Tell whether a Latin word of another language stands in a text of this one: `real`, `plan`, `leads`, `P 100`."""
    _, start, end = match
    word = words[start]
    if end - start == 1:
        return _LATIN_WORD.match(word) is not None
    return (
        end - start == _PAIR
        and any(len(other) <= _BRIEF or other[0].isdigit() for other in (word, words[start + 1]))
        and _LATIN_WORD.match(word) is not None
    )


def _capitalised(text: NormalText, start: int) -> bool:
    """Tell whether a name is written as one; scripts without capitals always are."""
    letter = text.received[text.received_span(start, start + 1)[0]]
    return not letter.islower()


def _flags(text: NormalText) -> list[PlaceHit]:
    """Read 🇰🇭 as the country it is."""
    return [
        PlaceHit(
            match.start(),
            match.end(),
            "".join(chr(ord(letter) - 0x1F1E6 + 65) for letter in match[0]),
            "flag",
            match[0],
            None,
        )
        for match in _FLAG.finditer(text.text)
    ]


_PAIR, _BRIEF = 2, 2
_TRUSTED = {"id": ("ms",), "ms": ("id",)}
"""Languages whose words are each other's."""
_LATIN_WORD = re.compile("[a-z\u00df-\u024f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
