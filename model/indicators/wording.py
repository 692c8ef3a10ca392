"""The small language in which the catalogue writes wording, and what it compiles to.

A pattern is words in a row: `gaji (besar|tinggi) ~2 # (jt|juta)`.

- plain words match whole words; in scripts without spaces they match wherever the letters stand;
- `*` at a word's end stands for any ending;
- `(a|b c)` chooses one, `(a)?` may be left out;
- `#` is one number;
- `~3` lets up to three tokens stand between (more in Hangul, where tokens are syllables).

Each pattern compiles to parts (what stands between the gaps); a part is choices in a row, a choice the
rows of tokens that may stand there.
Spelling without diacritics is added for Latin scripts, because phones leave them out.
"""

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass

from model.errors import CatalogueError
from model.text.normalise import normalise
from model.text.tokens import is_hangul, is_unspaced, tokenise

NUMBER = "#"
"""The token that stands for any number."""

_LEXEME = re.compile(r"\(|\)\??|\||~[0-9]+|#|\*|[^\s()|~#*]+|\s+")
_MOST_ROWS = 200
"""A bracket that stands for more rows than this has another bracket misplaced in it."""
_MOST_GAP = 12
_HANGUL_GAP = 3
_BARE_LENGTH = 6
"""Single words shorter than this are not matched without their diacritics: too many homographs."""

Row = tuple[str, ...]
Choice = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two gaps: one row of each choice, at most `gap` tokens after the part before."""

    choices: tuple[Choice, ...]
    gap: int = 0

    @property
    def least_tokens(self) -> int:
        """How many tokens the shortest match has."""
        return sum(min(map(len, choice)) for choice in self.choices)

    @property
    def first_labels(self) -> frozenset[str]:
        """What the first token of a match must satisfy one of."""
        labels: set[str] = set()
        for choice in self.choices:
            labels.update(row[0] for row in choice if row)
            if () not in choice:
                break
        return frozenset(labels)

    @property
    def most_tokens(self) -> int:
        """How many tokens the longest match has."""
        return sum(max(map(len, choice)) for choice in self.choices)

    @property
    def least_letters(self) -> int:
        """How many letters the shortest match has; a number counts for none."""
        return sum(
            min(sum(len(label) for label in row if label != NUMBER) for row in choice)
            for choice in self.choices
        )


@dataclass(frozen=True, slots=True)
class Wording:
    """A compiled pattern: one part, or several with gaps between."""

    parts: tuple[Part, ...]


def compile_wording(pattern: str) -> Wording:
    """Compile a pattern; raises `CatalogueError` saying what is wrong with it."""
    lexemes = _LEXEME.findall(pattern)
    if "".join(lexemes) != pattern:
        raise CatalogueError(f"pattern {pattern!r} has a character that means nothing here")
    reader = _Reader(pattern, [lexeme for lexeme in lexemes if not lexeme.isspace()])
    segments, gaps = reader.pattern_segments()
    least = sum(min(map(len, choice)) for segment in segments for choice in segment)
    segments, gaps = _without_empty(segments, gaps)
    parts = [
        Part(tuple(_with_bare(choice, alone=least < 2) for choice in segment), gap)  # noqa: PLR2004
        for segment, gap in zip(segments, gaps, strict=True)
    ]
    if not parts or any(part.least_tokens == 0 for part in parts):
        raise CatalogueError(f"pattern {pattern!r} can be empty; leave at least one word outside (…)?")
    if any(row and is_hangul(row[0]) for part in parts for choice in part.choices for row in choice):
        parts = [Part(part.choices, min(part.gap * _HANGUL_GAP, _MOST_GAP)) for part in parts]
    return Wording(tuple(parts))


def _without_empty(segments: list[list[Choice]], gaps: list[int]) -> tuple[list[list[Choice]], list[int]]:
    """Leave out what stands between gaps and may be missing; its place joins the gap after it."""
    kept: list[list[Choice]] = []
    kept_gaps: list[int] = []
    waiting = 0
    for segment, gap in zip(segments, gaps, strict=True):
        if len(segments) > 1 and all(() in choice for choice in segment):
            waiting += gap + len(segment)
            continue
        kept.append(segment)
        kept_gaps.append(min(gap + waiting, _MOST_GAP) if len(kept) > 1 else 0)
        waiting = 0
    return kept, kept_gaps


class _Reader:
    """Recursive descent over the lexemes of one pattern."""

    def __init__(self, pattern: str, lexemes: list[str]) -> None:
        self.pattern = pattern
        self.lexemes = lexemes
        self.index = 0

    def pattern_segments(self) -> tuple[list[list[Choice]], list[int]]:
        """Give the choices between gaps, and the gap before each segment (0 for the first)."""
        segments: list[list[Choice]] = [[]]
        gaps = [0]
        while (lexeme := self._next()) is not None:
            if lexeme.startswith("~") and len(lexeme) > 1:
                gap = int(lexeme[1:])
                if not 1 <= gap <= _MOST_GAP or not (segments[-1] or len(gaps) > 1):
                    raise self._error(f"a gap is ~1 to ~{_MOST_GAP}, with words before it")
                if segments[-1]:
                    segments.append([])
                    gaps.append(gap)
                else:
                    gaps[-1] = min(gaps[-1] + gap, _MOST_GAP)
                continue
            choice = self._item(lexeme)
            if choice != ((),):
                segments[-1].append(choice)
        if not segments[-1]:
            segments.pop()
            gaps.pop()
        if not segments:
            raise self._error("it has no word that can be matched")
        return segments, gaps

    def _item(self, lexeme: str) -> Choice:
        if lexeme == "(":
            return self._choice()
        if lexeme.startswith("~") or lexeme in {")", ")?", "|", "*"}:
            raise self._error(f"{lexeme!r} stands where a word should")
        star = self.index < len(self.lexemes) and self.lexemes[self.index] == "*"
        self.index += star
        return (_fold(lexeme, star=star),)

    def _choice(self) -> Choice:
        """Read `a|b (c|d))` up to its closing bracket."""
        rows: dict[Row, None] = {}
        sequence: list[Choice] = []
        while (lexeme := self._next()) is not None:
            if lexeme not in {"|", ")", ")?"}:
                sequence.append(self._item(lexeme))
                continue
            written = (tuple(itertools.chain(*row)) for row in itertools.product(*sequence) if sequence)
            # A sign such as % folds to nothing: that alternative cannot be told from its absence.
            rows.update(dict.fromkeys(row for row in written if row))
            sequence = []
            if len(rows) > _MOST_ROWS:
                raise self._error(f"a bracket stands for over {_MOST_ROWS} rows of words; split it")
            if lexeme == ")?":
                rows[()] = None
            if lexeme != "|":
                return tuple(rows) or ((),)
        raise self._error("a bracket is not closed")

    def _next(self) -> str | None:
        if self.index >= len(self.lexemes):
            return None
        self.index += 1
        return self.lexemes[self.index - 1]

    def _error(self, what: str) -> CatalogueError:
        return CatalogueError(f"pattern {self.pattern!r}: {what}")


@functools.lru_cache(maxsize=100_000)
def _fold(word: str, *, star: bool) -> Row:
    """Fold and cut one written word the way adverts are folded and cut."""
    if word == NUMBER:
        return (NUMBER,)
    tokens = tokenise(normalise(word).text)[0]
    if star and tokens and not is_unspaced(tokens[-1]):
        tokens[-1] += "*"
    return tuple(tokens)


def _with_bare(choice: Choice, *, alone: bool) -> Choice:
    """Add each row as phones write it, without diacritics, unless a short word would stand alone."""
    bare = (tuple(map(_bare, row)) for row in choice)
    return tuple(
        dict.fromkeys([*choice, *(row for row in bare if not alone or len("".join(row)) >= _BARE_LENGTH)])
    )


@functools.lru_cache(maxsize=100_000)
def _bare(token: str) -> str:
    if token.isascii() or not _LATIN_WITH_MARKS.fullmatch(token):
        return token
    letters = unicodedata.normalize("NFD", token.replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_LATIN_WITH_MARKS = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff*]+")
