"""The compiled loops give what their twins in plain Python give, on posters' text and on any text."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import langdetect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langdetect.language import Language

from model.indicators import automaton
from model.indicators.registry import load_catalogue
from model.text import language, loops, normalise, tokens
from model.text.quick_langdetect import detect_languages
from model.training.config import load_config
from model.training.dataset import load_dataset

pytestmark = pytest.mark.skipif(loops.compiled is None, reason="no C compiler was at hand at install time")

TEXTS = [row.text for row in islice(load_dataset(load_config().data.labels).rows, 0, None, 7)]
_TRICKY = "aA0е3pѕ ВЕ.-_*·•|\u200b\u00ad\ufe0f\u20e3①𝐅ｔ\u0e4d\u0e32\u1031\u1019\u0301包機ﷺ🅰٣\x00\x7f`\r\t"
ANY_TEXT = st.one_of(
    st.text(max_size=60), st.text(st.sampled_from(_TRICKY), max_size=40), st.sampled_from(TEXTS)
)


def _of_twins(text: str) -> tuple[normalise.NormalText, normalise.NormalText]:
    return normalise.normalise(text), normalise.fold_step_by_step(text)


@given(ANY_TEXT)
@settings(max_examples=600)
def test_folding(text: str) -> None:
    short, long = _of_twins(text)
    assert short.text == long.text
    assert [short.received_span(i, i + 1) for i in range(len(short.text))] == [
        long.received_span(i, i + 1) for i in range(len(long.text))
    ]
    assert dict(short.folds) == {fold: count for fold, count in long.folds.items() if count}


def test_most_adverts_take_the_short_way() -> None:
    plain = [text for text in TEXTS if loops.compiled.fold(text, normalise._described) is not None]
    assert len(plain) > 0.9 * len(TEXTS)


@given(ANY_TEXT)
@settings(max_examples=400)
def test_tokens(text: str) -> None:
    folded = normalise.normalise(text).text
    assert tokens.tokenise(folded) == tokens.cut_by_pattern(folded)


@given(ANY_TEXT)
@settings(max_examples=200)
def test_scripts(text: str) -> None:
    assert language._count_scripts(text) == language.count_scripts_by_character(text)


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_asking_langdetect(text: str) -> None:
    def asked(ask: Callable[[str], list[Language]]) -> list[tuple[str, float]] | None:
        try:
            return [(language.lang, language.prob) for language in ask(text[:160])]
        except langdetect.LangDetectException:
            return None

    langdetect.DetectorFactory.seed = 0
    assert asked(lambda given: detect_languages(given, seed=0)) == asked(langdetect.detect_langs)


def test_walking(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = load_catalogue()
    wordings = [wording for _, _, wording in catalogue.wordings[::5]]
    rows = [tokens.tokenise(normalise.normalise(text).text)[0] for text in TEXTS]
    machine = automaton.Automaton(wordings)
    fast = [machine.scan(row) for row in rows]
    monkeypatch.setattr(automaton, "compiled", None)
    machine = automaton.Automaton(wordings)
    assert [machine.scan(row) for row in rows] == fast
    assert sum(map(len, fast)) > len(rows)


def test_threads_share_an_automaton_that_is_still_growing() -> None:
    catalogue = load_catalogue()
    wordings = [wording for _, _, wording in catalogue.wordings[::5]]
    rows = [tokens.tokenise(normalise.normalise(text).text)[0] for text in TEXTS]
    alone = automaton.Automaton(wordings)
    expected = [alone.scan(row) for row in rows]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            for _ in range(3):
                shared = automaton.Automaton(wordings)
                found = threads.map(lambda _n, one=shared: [one.scan(row) for row in rows], range(8))
                assert all(matches == expected for matches in found)
    finally:
        sys.setswitchinterval(interval)
