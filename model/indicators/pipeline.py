"""The catalogue as a spaCy pipeline, for looking at adverts with spaCy's own tools, and as the reference the fast matcher is held to.

One blank multilingual pipeline serves every language: its tokenizer is ours (letters with their marks in unspaced scripts), its one
component puts the hits into `doc.spans["indicators"]`. Scoring uses `model.indicators.matcher` directly: a spaCy PhraseMatcher over the same
wording, alternatives written out, needs seconds and hundreds of megabytes to build (docs/decisions/2026-11-21-automaton.md); a test runs both on
the same patterns and asks for the same hits.
"""

import functools
from typing import Any

import spacy
from spacy.language import Language
from spacy.matcher import Matcher as SpacyMatcher
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from model.indicators.matcher import Matcher
from model.indicators.registry import Catalogue, load_catalogue
from model.indicators.wording import NUMBER, Part, Wording
from model.text.normalise import normalise
from model.text.tokens import tokenise

SPANS = "indicators"


class AdvertTokenizer:
    """Folds a text and cuts it as the matcher does; the Doc's text is the folded one, tokens joined by spaces."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Give the Doc of a text as received."""
        words, _, _ = tokenise(normalise(text).text)
        return Doc(self.vocab, words=words or [" "])


def build_pipeline(catalogue: Catalogue | None = None) -> Language:
    """Give a blank `xx` pipeline with the catalogue's hits in `doc.spans["indicators"]`."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = AdvertTokenizer(nlp.vocab)
    nlp.add_pipe("lurewatch_indicators")
    component = nlp.get_pipe("lurewatch_indicators")
    if isinstance(component, IndicatorComponent):
        component.use(catalogue or load_catalogue())
    return nlp


@Language.factory("lurewatch_indicators")
class IndicatorComponent:
    """Adds one labelled span per hit."""

    def __init__(self, nlp: Language, name: str) -> None:
        del nlp, name
        self._matcher: Matcher | None = None

    def use(self, catalogue: Catalogue) -> None:
        """Match against this catalogue from now on."""
        self._matcher = Matcher(catalogue)

    def __call__(self, doc: Doc) -> Doc:
        """Put the hits into `doc.spans`."""
        if self._matcher is None:
            doc.spans[SPANS] = []
            return doc
        words = [token.text for token in doc]
        positions = list(range(len(words)))
        folded = normalise(" ".join(words))
        hits, _ = self._matcher.match(folded, words, positions, [position + 1 for position in positions])
        doc.spans[SPANS] = [Span(doc, hit.start, hit.end, label=hit.indicator) for hit in hits]
        return doc


def spacy_rules(wording: Wording) -> list[list[dict[str, Any]]]:
    """Write a wording as spaCy Matcher rules, alternatives as rules of their own; gaps are optional wildcards."""
    rules: list[list[dict[str, Any]]] = [[]]
    for part in wording.parts:
        gap: list[dict[str, Any]] = [{"OP": "?"}] * part.gap
        rules = [[*rule, *gap, *(_token(label) for label in row)] for rule in rules for row in _rows(part)]
    return rules


@functools.lru_cache(maxsize=64)
def _rows(part: Part) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = [()]
    for choice in part.choices:
        rows = [(*row, *more) for row in rows for more in choice]
    return tuple(dict.fromkeys(rows))


def _token(label: str) -> dict[str, Any]:
    if label == NUMBER:
        return {"TEXT": {"REGEX": r"^[0-9]"}}
    if label.endswith("*"):
        return {"TEXT": {"REGEX": "^" + label[:-1]}}
    return {"TEXT": label}


def reference_spans(nlp: Language, wording: Wording, text: str) -> set[tuple[int, int]]:
    """Give the token spans that spaCy's own Matcher finds for a wording."""
    matcher = SpacyMatcher(nlp.vocab)
    matcher.add("wording", spacy_rules(wording))
    return {(start, end) for _, start, end in matcher(nlp.make_doc(text))}
