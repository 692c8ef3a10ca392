"""Loads the catalogue of indicators and checks it; its errors name file, line and remedy.

One indicator is one file, `catalogue/<family>/<id>.yaml`: what it says in plain words, why it matters, how strong it
is, what it must not be mistaken for, who published it, its wording per language with an English gloss, and examples
that fire and that stay quiet. Adding a file adds an indicator; nothing else needs an edit.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from model.errors import CatalogueError
from model.indicators.wording import Part, Wording, compile_wording
from model.schema.assessment import Source

CATALOGUE = Path(__file__).parent / "catalogue"
LANGUAGES = (
    "en zh th vi id ms fil km lo my ta hi bn ur ne si ko ja ru uz pt es fr ar tr sw am kk pl te de".split()
)
"""Languages with wording of their own."""


class Kind(StrEnum):
    """What part an indicator plays."""

    SIGN = "sign"
    """Speaks for a deceptive advert."""
    COUNTER = "counter"
    """Speaks for an honest one."""
    STANCE = "stance"
    """Speaks for a text that is no advert."""
    CONCEPT = "concept"
    """Means little alone; counts in combinations."""
    FACT = "fact"
    """Shown to people, never scored (`rights_and_requirements`: nobody's nationality, sex or age)."""


@dataclass(frozen=True, slots=True)
class Term:
    """One wording: the pattern as written, what it says in English, and where it comes from."""

    language: str
    pattern: str
    gloss: str
    background: bool = False
    """Not seen in a published source: a hypothesis that was checked by a speaker."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence the indicator must fire on, or must stay quiet on."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue."""

    id: str
    family: str
    kind: Kind
    title: str
    strength: str
    why: str
    trap: str
    patterns: tuple[str, ...]
    sources: tuple[Source, ...]
    terms: tuple[Term, ...] = ()
    fires: tuple[Example, ...] = ()
    quiet: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All indicators with their compiled wording, and a version that any change alters."""

    indicators: dict[str, Indicator]
    wordings: tuple[tuple[str, Term, Wording], ...]
    """(indicator id, term, compiled wording), in a fixed order."""
    version: str = field(default="")

    @property
    def languages(self) -> frozenset[str]:
        """Languages with wording."""
        return frozenset(term.language for _, term, _ in self.wordings)


def load_catalogue(folder: Path = CATALOGUE) -> Catalogue:
    """Load and check all entries; raises `CatalogueError` listing every fault as `file:line: what; remedy`."""
    faults: list[str] = []
    indicators: dict[str, Indicator] = {}
    wordings: list[tuple[str, Term, Wording]] = []
    digest = hashlib.sha256()
    files = sorted(folder.glob("*/*.yaml"))
    if not files:
        raise CatalogueError(f"{folder}: holds no indicator; the catalogue is missing from this installation")
    for path in files:
        text = path.read_bytes()
        digest.update(text)
        entry = _Entry(path, text, faults)
        indicator = entry.indicator()
        if indicator is not None:
            indicators[indicator.id] = indicator
            wordings.extend((indicator.id, term, wording) for term, wording in entry.compiled(indicator))
    if faults:
        raise CatalogueError("\n".join(faults))
    return Catalogue(indicators, tuple(wordings), version=digest.hexdigest()[:12])


class _Entry:
    """One file under reading; faults are gathered with their lines, so that one run shows them all."""

    _REQUIRED = ("id", "kind", "title", "strength", "why", "trap", "sources")
    _KNOWN = frozenset({*_REQUIRED, "patterns", "terms", "background", "examples", "note"})

    def __init__(self, path: Path, text: bytes, faults: list[str]) -> None:
        self.path = path
        self.text = text
        self.faults = faults
        self.name = f"{path.parent.name}/{path.name}"

    def indicator(self) -> Indicator | None:
        try:
            raw = yaml.load(self.text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._fault(
                mark.line + 1 if mark else 1,
                f"is not YAML ({getattr(error, 'problem', 'unreadable')}); mend the line",
            )
            return None
        if not isinstance(raw, dict):
            self._fault(1, "is no mapping; begin with `id: …`")
            return None
        for name in self._REQUIRED:
            if not raw.get(name):
                self._fault(self._line("id"), f"{raw.get('id')} has no {name}; add `{name}: …`")
        for name in sorted(set(raw) - self._KNOWN):
            self._fault(self._line(name), f"unknown field {name!r}; remove it or add it to the reader")
        if raw.get("id") != self.path.stem:
            self._fault(
                self._line("id"),
                f"id is {raw.get('id')!r} but the file is named {self.path.stem!r}; make them the same",
            )
        if raw.get("kind") not in set(Kind):
            self._fault(
                self._line("kind"), f"kind {raw.get('kind')!r} is none of {', '.join(Kind)}; choose one"
            )
            return None
        return self._read(raw)

    def _read(self, raw: dict[str, Any]) -> Indicator:
        background = {
            (language, pattern)
            for language, patterns in (raw.get("background") or {}).items()
            for pattern in patterns
        }
        terms = []
        for language, patterns in (raw.get("terms") or {}).items():
            if language not in LANGUAGES:
                self._fault(
                    self._line(str(language)),
                    f"unknown language {language!r}; use one of {', '.join(LANGUAGES)}",
                )
            for pattern, gloss in (patterns or {}).items():
                if not gloss:
                    self._fault(
                        self._line(str(pattern)), f"{pattern!r} has no English gloss; say what it means"
                    )
                terms.append(Term(language, str(pattern), str(gloss), (language, pattern) in background))
        sources = []
        for number, source in enumerate(raw.get("sources") or ()):
            if not (isinstance(source, dict) and source.get("publisher") and source.get("title")):
                self._fault(self._line("sources"), f"source {number + 1} lacks publisher or title; add both")
                continue
            sources.append(Source(**source))
        examples = raw.get("examples") or {}
        return Indicator(
            id=raw["id"],
            family=self.path.parent.name,
            kind=Kind(raw["kind"]),
            title=raw.get("title", ""),
            strength=raw.get("strength", ""),
            why=raw.get("why", ""),
            trap=raw.get("trap", ""),
            patterns=tuple(raw.get("patterns") or ()),
            sources=tuple(sources),
            terms=tuple(terms),
            fires=tuple(_examples(examples.get("fires"))),
            quiet=tuple(_examples(examples.get("quiet"))),
        )

    def compiled(self, indicator: Indicator) -> Iterator[tuple[Term, Wording]]:
        for term in indicator.terms:
            try:
                yield term, compile_wording(term.pattern)
            except CatalogueError as error:
                self._fault(self._line(term.pattern), f"{error}")

    def _line(self, needle: str) -> int:
        lines = self.text.decode("utf-8", "replace").splitlines()
        return next((n for n, line in enumerate(lines, 1) if needle in line), 1)

    def _fault(self, line: int, what: str) -> None:
        self.faults.append(f"{self.name}:{line}: {what}")


def _examples(raw: Any) -> Iterator[Example]:
    for language, texts in (raw or {}).items():
        for text in texts:
            yield Example(language, text)


def catalogue_to_json(catalogue: Catalogue) -> bytes:
    """Freeze a catalogue for a release: wording compiled, examples left behind."""
    indicators = [
        [
            i.id,
            i.family,
            i.kind,
            i.title,
            i.strength,
            i.why,
            i.trap,
            i.patterns,
            [s.to_json() for s in i.sources],
        ]
        for i in catalogue.indicators.values()
    ]
    wordings = [
        [
            name,
            term.language,
            term.pattern,
            term.gloss,
            term.background,
            [[part.choices, part.gap] for part in wording.parts],
        ]
        for name, term, wording in catalogue.wordings
    ]
    value = {"version": catalogue.version, "indicators": indicators, "wordings": wordings}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def catalogue_from_json(frozen: bytes) -> Catalogue:
    """Read back what `catalogue_to_json` wrote."""
    value = json.loads(frozen)
    indicators = {
        row[0]: Indicator(
            id=row[0],
            family=row[1],
            kind=Kind(row[2]),
            title=row[3],
            strength=row[4],
            why=row[5],
            trap=row[6],
            patterns=tuple(row[7]),
            sources=tuple(Source(**source) for source in row[8]),
        )
        for row in value["indicators"]
    }
    wordings = tuple(
        (
            name,
            Term(language, pattern, gloss, background),
            Wording(
                tuple(
                    Part(tuple(tuple(map(tuple, choice)) for choice in choices), gap)
                    for choices, gap in parts
                )
            ),
        )
        for name, language, pattern, gloss, background, parts in value["wordings"]
    )
    return Catalogue(indicators, wordings, version=value["version"])
