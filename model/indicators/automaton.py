"""Finds every wording of the catalogue in one pass over an advert's tokens.

Some twenty thousand patterns in thirty languages have to be tried at every token of every advert, with
no guess about the language. Written out, their alternatives are over half a million phrases; a phrase
matcher holding them takes seconds to build and most of the memory allowed. So the alternatives stay
folded: the patterns form one nondeterministic automaton over tokens, and the deterministic states are
worked out as texts ask for them and kept (the lazy construction of Thompson 1968 as in RE2; Cox,
"Regular Expression Matching in the Wild", 2010). Unlike there, a state stands for what follows one
beginning, not for everything under way at once: a text keeps a handful of them going, and what one text
had worked out serves the next, whatever stands around it. Scanning costs a few dictionary look-ups per
token, whatever the number of patterns, and is linear in the text.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Lock
from typing import NamedTuple

from model.indicators.wording import NUMBER, Part, Wording
from model.text.loops import compiled

_MOST_EDGES = 600_000
"""Beyond this the worked-out states are dropped and grow again: memory stays bounded on hostile text."""
_MOST_TOKENS_KEPT = 200_000
_REPEATED = re.compile(r"(.)\1{2,}")


class Match(NamedTuple):
    """One wording found: its number in the list given, and its tokens from `start` to before `end`."""

    wording: int
    start: int
    end: int


Near = tuple[set[int] | None, int, set[int] | None, int]
"""Symbols one of which must stand before an anchor and how far back, and the same after it; None where nothing must."""


class Automaton:
    """All wordings at once; any number of threads may scan with one."""

    def __init__(self, wordings: Sequence[Wording]) -> None:
        self._wordings = wordings
        self._anchors = [_anchor(wording) for wording in wordings]
        self._next: list[dict[str, list[int]]] = [{}]
        self._accepts: dict[int, list[int]] = {}
        for number, wording in enumerate(wordings):
            for node in _add_part(self._next, wording.parts[self._anchors[number]]):
                self._accepts.setdefault(node, []).append(number)
        gapped = [wording for wording in wordings if len(wording.parts) > 1]
        self._places = {
            id(part): place for place, part in enumerate(part for w in gapped for part in w.parts)
        }
        self._beginning: dict[str, list[int]] = {}
        for wording in gapped:
            for part in wording.parts:
                for label in part.first_labels:
                    self._beginning.setdefault(label, []).append(self._places[id(part)])
        labels = {label for table in self._next for label in table}
        labels.update(
            label
            for w in gapped
            for part in w.parts
            for choice in part.choices
            for row in choice
            for label in row
        )
        self._literals = frozenset(label for label in labels if not label.endswith("*"))
        self._stems = frozenset(label[:-1] for label in labels if label.endswith("*"))
        self._longest_stem = max(map(len, self._stems), default=0)
        self._worked_out = self._nothing_yet()

    def scan(self, words: list[str]) -> list[Match]:
        """Find all wordings in a row of tokens, overlapping ones included: those without gaps in order of their end, then the others."""
        known = self._worked_out
        if known.is_full:
            known = self._worked_out = self._nothing_yet()
        walk = _walk if compiled is None else compiled.walk
        row, whole, anchors = walk(
            words,
            known.symbols,
            known.labels,
            known.begun,
            known.edges,
            known.solid,
            known.gapped,
            known.near,
            partial(self._symbol, known),
            partial(self._follow, known),
            partial(self._join, known),
        )
        matches = list(map(Match._make, whole))
        for number, start, end in anchors:
            span = self._around(known, number, start, end, row)
            if span is not None:
                matches.append(Match(number, *span))
        return matches

    def _nothing_yet(self) -> "_WorkedOut":
        begin_with: list[set[int]] = [set() for _ in self._places]
        return _WorkedOut(
            begin_with, [self._beside(begin_with, number) for number in range(len(self._wordings))]
        )

    def _beside(self, begin_with: list[set[int]], number: int) -> Near:
        """Give what must stand near a wording's anchor for the rest to be worth looking for."""
        parts, anchor = self._wordings[number].parts, self._anchors[number]
        before = after = None
        back = ahead = 0
        if anchor > 0:
            before = begin_with[self._places[id(parts[anchor - 1])]]
            back = parts[anchor].gap + parts[anchor - 1].most_tokens
        if anchor < len(parts) - 1:
            after = begin_with[self._places[id(parts[anchor + 1])]]
            ahead = parts[anchor + 1].gap + 1
        return before, back, after, ahead

    def _around(
        self, known: "_WorkedOut", number: int, start: int, end: int, row: Sequence[int]
    ) -> tuple[int, int] | None:
        """Find the other parts of a gapped wording around its anchor; the nearest ones count, None when one is missing."""
        parts = self._wordings[number].parts
        anchor = self._anchors[number]
        for place in range(anchor + 1, len(parts)):
            part = parts[place]
            begin_with = known.begin_with[self._places[id(part)]]
            window = row[end : end + part.gap + 1]
            if begin_with.isdisjoint(window):
                return None
            ends = (
                last
                for begin, symbol in enumerate(window, end)
                if symbol in begin_with and (last := _part_at(known.labels, part, begin, row)) is not None
            )
            nearest = next(ends, None)
            if nearest is None:
                return None
            end = nearest
        for place in range(anchor - 1, -1, -1):
            part, gap = parts[place], parts[place + 1].gap
            begin_with = known.begin_with[self._places[id(part)]]
            first = max(start - gap - part.most_tokens, 0)
            if begin_with.isdisjoint(row[first:start]):
                return None
            begins = (
                begin
                for begin in range(start - 1, first - 1, -1)
                if row[begin] in begin_with
                and (last := _part_at(known.labels, part, begin, row)) is not None
                and start - gap <= last <= start
            )
            nearest = next(begins, None)
            if nearest is None:
                return None
            start = nearest
        return start, end

    def _symbol(self, known: "_WorkedOut", word: str) -> int:
        """Work out which labels a token satisfies; tokens alike in that share a symbol."""
        if _REPEATED.search(word):
            # `freeee` is `free`, `salaryyyy` is `salary`: either may be in the catalogue.
            spellings = (_REPEATED.sub(r"\1\1", word), _REPEATED.sub(r"\1", word))
            labels = tuple(
                dict.fromkeys(label for spelling in spellings for label in self._labels_of(spelling))
            )
        else:
            labels = self._labels_of(word)
        with known.lock:
            symbol = known.symbol_of.get(labels)
            if symbol is None:
                symbol = len(known.labels)
                nodes = {node for label in labels for node in self._next[0].get(label, ())}
                known.begun.append(self._state(known, frozenset(nodes)))
                known.labels.append(labels)
                for label in labels:
                    for place in self._beginning.get(label, ()):
                        known.begin_with[place].add(symbol)
                known.symbol_of[labels] = symbol
            known.symbols[word] = symbol
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

    def _follow(self, known: "_WorkedOut", state: int, label: str) -> int:
        """Work out the state that a label leads to from another."""
        with known.lock:
            following = known.edges[state][label]
            if not isinstance(following, int):
                following = known.edges[state][label] = self._state(known, frozenset(following))
        return following

    def _join(self, known: "_WorkedOut", states: tuple[int, ...]) -> int:
        """Work out the state of a token that satisfies several labels: all that either of them leads to."""
        with known.lock:
            joined = known.joined.get(states)
            if joined is None:
                nodes = frozenset().union(*(known.members[state] for state in states))
                joined = known.joined[states] = self._state(known, nodes)
        return joined

    def _state(self, known: "_WorkedOut", nodes: frozenset[int]) -> int:
        """Give the state of these nodes, a new one when nobody has come there yet; the caller holds the lock."""
        number = known.states.get(nodes)
        if number is None:
            number = len(known.members)
            found = sorted({n for node in nodes for n in self._accepts.get(node, ())})
            edges = self._edges_of(nodes)
            known.members.append(nodes)
            known.solid.append(tuple(n for n in found if len(self._wordings[n].parts) == 1))
            known.gapped.append(tuple(n for n in found if len(self._wordings[n].parts) > 1))
            known.edges.append(edges)
            known.n_edges += len(edges)
            known.states[nodes] = number
        return number

    def _edges_of(self, nodes: frozenset[int]) -> dict[str, int | Sequence[int]]:
        if len(nodes) == 1:
            return dict(self._next[next(iter(nodes))])
        edges: defaultdict[str, list[int]] = defaultdict(list)
        for node in nodes:
            for label, following in self._next[node].items():
                edges[label] += following
        return dict(edges)


class _WorkedOut:
    """What texts have asked an automaton for so far.

    Scans read it without the lock while others add to it: a number gets into `symbols`, `begun` or `edges` last, when
    every table has its row. A scan keeps the tables it began with, also when another replaces them.
    """

    def __init__(self, begin_with: list[set[int]], near: list[Near]) -> None:
        self.lock = Lock()
        self.begin_with = begin_with
        """Per part of a gapped wording: the symbols it can begin with, as far as texts have shown them."""
        self.near = near
        self.symbols: dict[str, int] = {}
        self.labels: list[tuple[str, ...]] = [()]
        """Per symbol: the labels that its tokens satisfy."""
        self.begun: list[int] = [0]
        """Per symbol: the state of what begins with it."""
        self.symbol_of: dict[tuple[str, ...], int] = {(): 0}
        self.states: dict[frozenset[int], int] = {frozenset(): 0}
        self.members: list[frozenset[int]] = [frozenset()]
        self.solid: list[tuple[int, ...]] = [()]
        """Per state: the wordings without gaps that end here."""
        self.gapped: list[tuple[int, ...]] = [()]
        """Per state: the wordings whose anchor ends here."""
        self.edges: list[dict[str, int | Sequence[int]]] = [{}]
        """Per state: label to the state it leads to, or to that state's nodes as long as no text has gone there."""
        self.joined: dict[tuple[int, ...], int] = {}
        self.n_edges = 0

    @property
    def is_full(self) -> bool:
        return self.n_edges > _MOST_EDGES or len(self.symbols) > _MOST_TOKENS_KEPT


def _part_at(labels_of: Sequence[tuple[str, ...]], part: Part, begin: int, row: Sequence[int]) -> int | None:
    """Match one part's choices at a token; gives where the shortest way through them ends."""
    ends = {begin}
    for choice in part.choices:
        ends = {
            end + len(labels)
            for end in ends
            for labels in choice
            if end + len(labels) <= len(row)
            and all(label in labels_of[row[end + i]] for i, label in enumerate(labels))
        }
        if not ends:
            return None
    return min(ends)


def _walk(
    words: list[str],
    symbols: dict[str, int],
    labels: list[tuple[str, ...]],
    begun: list[int],
    edges: list[dict[str, int | Sequence[int]]],
    solid: list[tuple[int, ...]],
    gapped: list[tuple[int, ...]],
    near: list[Near],
    new_symbol: Callable[[str], int],
    new_state: Callable[[int, str], int],
    join: Callable[[tuple[int, ...]], int],
) -> tuple[list[int], list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Do the work of `compiled.walk` where it could not be compiled."""
    row: list[int] = []
    whole: list[tuple[int, int, int]] = []
    anchors: list[tuple[int, int, int]] = []
    going: list[tuple[int, int]] = []
    """State and where it began, the longest first."""
    for position, word in enumerate(words):
        symbol = symbols.get(word)
        if symbol is None:
            symbol = new_symbol(word)
        row.append(symbol)
        went, going = going, []
        for state, start in (*went, (-1, position)):
            if state < 0:
                following = begun[symbol]
            else:
                found = [
                    new_state(state, label) if not isinstance(target, int) else target
                    for label in labels[symbol]
                    if (target := edges[state].get(label)) is not None
                ]
                following = join(tuple(found)) if len(found) > 1 else sum(found)
            if following:
                whole.extend((number, start, position + 1) for number in solid[following])
                anchors.extend((number, start, position + 1) for number in gapped[following])
                if edges[following]:
                    going.append((following, start))
    held = []
    for number, start, end in anchors:
        before, back, after, ahead = near[number]
        if (before is None or not before.isdisjoint(row[max(start - back, 0) : start])) and (
            after is None or not after.isdisjoint(row[end : end + ahead])
        ):
            held.append((number, start, end))
    return row, whole, held


def _anchor(wording: Wording) -> int:
    """Choose the part to look for first: the one whose shortest reading has most letters is the rarest."""
    if len(wording.parts) == 1:
        return 0
    return max(range(len(wording.parts)), key=lambda place: wording.parts[place].least_letters)


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


def _add_row(
    building: list[dict[str, list[int]]], fronts: Iterable[int], row: Sequence[str], last: int
) -> None:
    final = len(row) - 1
    for place, label in enumerate(row):
        if place == final:
            node = last
        else:
            node = len(building)
            building.append(_LEAF)
        for front in fronts:
            table = building[front]
            if table is _LEAF:  # a node gets a table of its own with its first edge
                table = building[front] = {}
            if label in table:
                table[label].append(node)
            else:
                table[label] = [node]
        fronts = (node,)


_LEAF: dict[str, list[int]] = {}
"""Shared by all nodes without edges, half of all; never written to."""
