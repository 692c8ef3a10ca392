"""Turns the weights that moved a score into reasons: plain words, spans, glosses, sources, and exact log-odds.

Several columns may tell people the same thing (the steps of a pay factor, a combination with and without proof); their
shares are added up under one code. The sum over all reasons, `baseline` included, is the logit of the score.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from model.features.columns import Column, Evidence
from model.features.reading import Reading
from model.indicators.registry import Catalogue
from model.schema.assessment import Reason, Source, Span

_POSITION = operator.itemgetter(0, 1)
_MOST_SPANS = 12
_MOST_SOURCES = 4


@dataclass
class _Share:
    title: str
    why: str
    sources: tuple[Source, ...]
    log_odds: float = 0.0
    evidence: dict[Evidence, None] = field(default_factory=dict)


class Explainer:
    """Knows what each column is called for people; built once per release."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._named = functools.lru_cache(maxsize=None)(self._name)

    def reasons(
        self,
        reading: Reading,
        columns: Sequence[Column],
        weight_of: Callable[[str], float],
        baseline: float,
    ) -> tuple[Reason, ...]:
        """Give all reasons, strongest for the score first and strongest against it last."""
        shares: dict[str, _Share] = {}
        spans: dict[Evidence, Span | None] = {}
        for column in columns:
            weight = weight_of(column.name) * column.value
            if weight == 0.0:
                continue
            code, title, why, sources = self._named(column.name)
            share = shares.get(code)
            if share is None:
                share = shares[code] = _Share(title, why, sources)
            share.log_odds += weight
            share.evidence.update(dict.fromkeys(column.evidence))
        code, title, why, sources = self._named("baseline")
        base = shares.setdefault(code, _Share(title, why, sources))
        base.log_odds += baseline
        ordered = sorted(shares.items(), key=lambda pair: -pair[1].log_odds)
        return tuple(_reason(reading, code, share, spans) for code, share in ordered)

    def _name(self, column: str) -> tuple[str, str, str, tuple[Source, ...]]:
        group, _, rest = column.partition(":")
        if group == "sign":
            indicator = self._catalogue.indicators[rest]
            return indicator.id, indicator.title, indicator.why, indicator.sources[:_MOST_SOURCES]
        entry = _entry(column)
        sources = [
            source
            for name in entry["sources_of"]
            if name in self._catalogue.indicators
            for source in self._catalogue.indicators[name].sources[:2]
        ]
        return entry["code"], entry["title"], entry["why"], tuple(sources[:_MOST_SOURCES])


def code_of(column: str) -> str:
    """Give the reason code under which people see a column."""
    group, _, rest = column.partition(":")
    return rest if group == "sign" else str(_entry(column)["code"])


def _reason(reading: Reading, code: str, share: _Share, spans: dict[Evidence, Span | None]) -> Reason:
    """Build one reason; `spans` keeps what was built for the advert's other reasons, which share most evidence."""
    shown: list[Span] = []
    for evidence in sorted(share.evidence, key=_POSITION):
        if evidence not in spans:
            start, end, gloss = evidence
            spans[evidence] = reading.span(start, end, gloss=gloss)
        span = spans[evidence]
        if span is not None:
            shown.append(span)
            if len(shown) == _MOST_SPANS:
                break
    return Reason.of_checked(
        code=code,
        title=share.title,
        log_odds=share.log_odds,
        spans=tuple(shown),
        sources=share.sources,
        why=share.why,
    )


@functools.cache
def _entries() -> dict[str, dict[str, Any]]:
    text = resources.files("model.classifier").joinpath("explain.yaml").read_text("utf-8")
    return dict(yaml.load(text, Loader=yaml.CSafeLoader)["columns"])


def _entry(column: str) -> dict[str, Any]:
    """Find a column's words: its own entry, else the longest beginning marked with `*`."""
    entries = _entries()
    if column in entries:
        return entries[column]
    begins = [name for name in entries if name.endswith("*") and column.startswith(name[:-1])]
    if not begins:
        raise KeyError(f"explain.yaml has no entry for column {column!r}; add one")
    return entries[max(begins, key=len)]
