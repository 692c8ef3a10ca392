"""Finds every wording of the catalogue in one pass over an advert's tokens.

Some twenty thousand patterns in thirty languages have to be tried at every token of every advert, with
no guess about the language. Written out, their alternatives are over half a million phrases; a phrase
matcher holding them takes seconds to build and most of the memory allowed. So the alternatives stay
folded: the patterns form one nondeterministic automaton over tokens, and the deterministic states are
worked out as texts ask for them and kept (the lazy construction of Thompson 1968 as in RE2; Cox,
"Regular Expression Matching in the Wild", 2010). Scanning then costs one dictionary look-up per token,
whatever the number of patterns, and is linear in the text.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.indicators.wording import NUMBER, Part, Wording

_MOST_STATES = 100_000
"""Beyond this the worked-out states are dropped and grow again: memory stays bounded on hostile text."""
_MOST_TOKENS_KEPT = 200_000
_DIGITS_AS_LETTERS = str.maketrans("013457", "oieast")
_REPEATED = re.compile(r"(.)\1{2,}")
_HAS_LETTER_AND_DIGIT = re.compile(r"[a-z][0-9]|[0-9][a-z]")


@dataclass(frozen=True, slots=True)
class Match:
    """One wording found: its number in the list given, and its tokens from `start` to before `end`."""

    wording: int
    start: int
    end: int


class Automaton:
    """All wordings at once; not safe to share between threads while states are still being added.

    The state tables only ever grow or are replaced whole, and a lost update merely repeats work, so
    concurrent readers under the interpreter lock see consistent entries.
    """

    def __init__(self, wordings: Sequence[Wording]) -> None:
        self._parts: list[tuple[int, int, int]] = []
        self._n_parts = [len(wording.parts) for wording in wordings]
        self._next: list[dict[str, list[int]]] = [{}]
        self._accepts: dict[int, list[int]] = {}
        for number, wording in enumerate(wordings):
            for place, part in enumerate(wording.parts):
                self._parts.append((number, place, part.gap))
                for node in _add_part(self._next, part):
                    self._accepts.setdefault(node, []).append(len(self._parts) - 1)
        labels = {label for table in self._next for label in table}
        self._literals = frozenset(
            label for table in self._next for label in table if not label.endswith("*")
        )
        self._stems = frozenset(label[:-1] for label in labels if label.endswith("*"))
        self._longest_stem = max(map(len, self._stems), default=0)
        self._forget()

    def _forget(self) -> None:
        self._symbols: dict[str, int] = {}
        self._labels: list[tuple[str, ...]] = [()]
        self._symbol_of: dict[tuple[str, ...], int] = {(): 0}
        self._states: dict[frozenset[tuple[int, int]], int] = {frozenset(): 0}
        self._members: list[frozenset[tuple[int, int]]] = [frozenset()]
        self._found: list[tuple[tuple[int, int], ...]] = [()]
        self._steps: list[dict[int, int]] = [{}]

    def scan(self, words: Sequence[str]) -> list[Match]:
        """Find all wordings in a row of tokens, overlapping ones included, in order of their end."""
        if len(self._steps) > _MOST_STATES or len(self._symbols) > _MOST_TOKENS_KEPT:
            self._forget()
        symbols, steps, found = self._symbols, self._steps, self._found
        matches: list[Match] = []
        waiting: list[tuple[int, int, int]] = []
        state = 0
        for position, word in enumerate(words):
            symbol = symbols.get(word)
            if symbol is None:
                symbol = self._symbol(word)
            if not symbol:
                state = 0
                continue
            following = steps[state].get(symbol)
            if following is None:
                following = self._step(state, symbol)
            state = following
            for part, length in found[state]:
                number = self._parts[part][0]
                if self._n_parts[number] == 1:
                    matches.append(Match(number, position + 1 - length, position + 1))
                else:
                    waiting.append((part, position + 1 - length, position + 1))
        if waiting:
            matches.extend(self._joined(waiting))
        return matches

    def _joined(self, waiting: list[tuple[int, int, int]]) -> list[Match]:
        """Join parts of gapped wordings whose distances fit; the nearest continuation counts."""
        by_wording: dict[int, dict[int, list[tuple[int, int]]]] = {}
        for part, start, end in waiting:
            number, place, _ = self._parts[part]
            by_wording.setdefault(number, {}).setdefault(place, []).append((start, end))
        gap_of = {self._parts[part][:2]: self._parts[part][2] for part, _, _ in waiting}
        matches = []
        for number, places in by_wording.items():
            if len(places) < self._n_parts[number]:
                continue
            spans = sorted(set(places[0]))
            for place in range(1, self._n_parts[number]):
                spans = _continued(spans, sorted(set(places[place])), gap_of[number, place])
            matches.extend(Match(number, first, last) for first, last in spans)
        return matches

    def _symbol(self, word: str) -> int:
        """Work out which labels a token satisfies; tokens alike in that share a symbol."""
        labels = self._labels_of(word)
        if not labels:
            collapsed = _REPEATED.sub(r"\1", word)
            doubled = _REPEATED.sub(r"\1\1", word)
            lettered = word.translate(_DIGITS_AS_LETTERS) if _HAS_LETTER_AND_DIGIT.search(word) else word
            for variant in (doubled, collapsed, lettered):
                if variant != word and (labels := self._labels_of(variant)):
                    break
        symbol = self._symbol_of.get(labels)
        if symbol is None:
            symbol = len(self._labels)
            self._labels.append(labels)
            self._symbol_of[labels] = symbol
        self._symbols[word] = symbol
        return symbol

    def _labels_of(self, word: str) -> tuple[str, ...]:
        labels = [word] if word in self._literals else []
        labels += [
            word[:length] + "*"
            for length in range(1, min(len(word), self._longest_stem) + 1)
            if word[:length] in self._stems
        ]
        if word[0].isdigit() and NUMBER in self._literals:
            labels.append(NUMBER)
        return tuple(labels)

    def _step(self, state: int, symbol: int) -> int:
        """Work out one transition, and the state it leads to when that is new."""
        members: set[tuple[int, int]] = set()
        for label in self._labels[symbol]:
            members.update((node, 1) for node in self._next[0].get(label, ()))
            for node, length in self._members[state]:
                members.update((following, length + 1) for following in self._next[node].get(label, ()))
        key = frozenset(members)
        number = self._states.get(key)
        if number is None:
            number = len(self._members)
            self._members.append(key)
            self._steps.append({})
            self._found.append(
                tuple(
                    sorted({(part, length) for node, length in key for part in self._accepts.get(node, ())})
                )
            )
            self._states[key] = number
        self._steps[state][symbol] = number
        return number


def _continued(spans: list[tuple[int, int]], nexts: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Lengthen each span by the nearest next part that begins within `gap` tokens of its end."""
    begins = [begin for begin, _ in nexts]
    longer = []
    for first, last in spans:
        index = bisect.bisect_left(begins, last)
        if index < len(begins) and begins[index] <= last + gap:
            longer.append((first, nexts[index][1]))
    return longer


def _add_part(building: list[dict[str, list[int]]], part: Part) -> set[int]:
    """Lay one part's paths into the automaton; gives the nodes at which it is complete."""
    fronts = {0}
    for choice in part.choices:
        following: set[int] = set(fronts) if () in choice else set()
        shared: int | None = None
        for row in choice:
            if not row:
                continue
            if shared is None:
                shared = len(building)
                building.append(_LEAF)
            _add_row(building, fronts, row, shared)
        if shared is not None:
            following.add(shared)
        fronts = following
    return fronts


def _add_row(building: list[dict[str, list[int]]], fronts: set[int], row: Sequence[str], last: int) -> None:
    for label in row[:-1]:
        node = len(building)
        building.append(_LEAF)
        for front in fronts:
            _edges(building, front).setdefault(label, []).append(node)
        fronts = {node}
    for front in fronts:
        _edges(building, front).setdefault(row[-1], []).append(last)


def _edges(building: list[dict[str, list[int]]], node: int) -> dict[str, list[int]]:
    """Give a node's own table of edges; until it has one it shares the empty table of all leaves."""
    table = building[node]
    if table is _LEAF:
        table = building[node] = {}
    return table


_LEAF: dict[str, list[int]] = {}
"""Shared by all nodes without edges, half of all; never written to."""
