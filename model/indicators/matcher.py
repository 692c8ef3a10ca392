"""Reads an advert's text once and gives every hit: indicators and places, with spans of the text received."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model.indicators.automaton import Automaton, Match
from model.indicators.registry import Catalogue, Term
from model.indicators.wording import Part, Wording
from model.text.normalise import NormalText


@dataclass(frozen=True, slots=True)
class Hit:
    """One wording found: which indicator, where in the folded text, and what it says."""

    indicator: str
    start: int
    end: int
    gloss: str
    language: str


@dataclass(frozen=True, slots=True)
class PlaceHit:
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
        self._terms: list[tuple[str, Term]] = [(name, term) for name, term, _ in catalogue.wordings]
        self._gapped = [len(wording.parts) > 1 for _, _, wording in catalogue.wordings]
        self._places = list(places)
        rows = [Wording((Part(((place.row,),)),)) for place in self._places]
        self._automaton = Automaton([*(wording for _, _, wording in catalogue.wordings), *rows])

    def match(
        self,
        text: NormalText,
        words: Sequence[str],
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
        n_terms = len(self._terms)
        for match in self._automaton.scan(words):
            if match.wording >= n_terms:
                places.append(match)
            elif surely is None or not self._is_homograph(match, words, surely):
                wordings.append(match)
        hits = [
            Hit(
                self._terms[m.wording][0],
                starts[m.start],
                ends[m.end - 1],
                self._terms[m.wording][1].gloss,
                self._terms[m.wording][1].language,
            )
            for m in self._longest(wordings)
        ]
        return hits, [*self._named_places(text, places, starts, ends), *_flags(text)]

    def _is_homograph(self, match: Match, words: Sequence[str], surely: str) -> bool:
        """Tell whether a Latin word of one language stands in a text of another: `real`, `plan`, `leads`, `P 100`."""
        language = self._terms[match.wording][1].language
        if language in {"en", surely} or {language, surely} == {"id", "ms"}:
            return False
        found = words[match.start : match.end]
        if len(found) == 1:
            return _LATIN_WORD.match(found[0]) is not None
        brief = any(len(word) <= _BRIEF or word[0].isdigit() for word in found)
        return len(found) == _PAIR and brief and _LATIN_WORD.match(found[0]) is not None

    def _longest(self, matches: list[Match]) -> list[Match]:
        """Keep the longest reading: `no experience needed` silences `experience needed` inside it.

        A wording with a gap spans words that are not its own, so it silences only its own indicator.
        """
        ordered = sorted(matches, key=lambda m: (m.start, -m.end, self._gapped[m.wording], m.wording))
        kept: list[Match] = []
        seen: set[tuple[str, int, int]] = set()
        solid_start, solid_end = -1, -1
        reach: dict[str, int] = {}
        for match in ordered:
            indicator = self._terms[match.wording][0]
            key = (indicator, match.start, match.end)
            within = match.end <= solid_end and (match.start, match.end) != (solid_start, solid_end)
            if within or key in seen or match.end <= reach.get(indicator, -1):
                continue
            seen.add(key)
            reach[indicator] = match.end
            kept.append(match)
            if not self._gapped[match.wording] and match.end > solid_end:
                solid_start, solid_end = match.start, match.end
        return kept

    def _named_places(
        self,
        text: NormalText,
        matches: Iterable[Match],
        starts: Sequence[int],
        ends: Sequence[int],
    ) -> list[PlaceHit]:
        first = len(self._terms)
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
_LATIN_WORD = re.compile("[a-z\u00df-\u024f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
