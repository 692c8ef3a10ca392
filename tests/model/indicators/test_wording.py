"""The pattern language says what it means, and says so when it cannot."""

import pytest

from model.errors import CatalogueError
from model.indicators.automaton import Automaton
from model.indicators.wording import compile_wording
from model.text.normalise import normalise
from model.text.tokens import tokenise


def found(pattern: str, text: str) -> list[str]:
    words = tokenise(normalise(text).text)[0]
    return [" ".join(words[m.start : m.end]) for m in Automaton([compile_wording(pattern)]).scan(words)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("free ticket", "A FREE ticket!", ["free ticket"]),
        ("free ticket", "carefree ticketing", []),
        ("包吃住", "公司包 吃 住", ["包 吃 住"]),
        ("зарплат*", "Зарплату платим", ["зарплату"]),
        ("(free|no) (visa|ticket)?", "no visa needed", ["no", "no visa"]),
        ("gaji # (jt|juta)", "gaji 7,5jt", ["gaji 7,5 jt"]),
        ("uçak ~2 bilet*", "uçak ve otel biletleri", ["uçak ve otel biletleri"]),
        ("uçak ~2 bilet*", "uçak ile gidilir ama şimdi bilet yok", []),
        ("bao ăn ở", "bao an o", ["bao an o"]),
        ("(free (flight|ticket)|flight paid)", "free flight", ["free flight"]),
        ("숙식 제공", "숙식제공합니다", ["숙 식 제 공"]),
        ("ngon*", "ngooooon", ["ngooooon"]),
        ("urgent", "urgeeeent", ["urgeeeent"]),
        ("telegram", "t3legram", ["telegram"]),
    ],
)
def test_a_pattern_matches_what_it_describes(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == expected


@pytest.mark.parametrize("pattern", ["", "(a|b", "a|b", "a ~99 b", "(free)? (ticket)?", "!!!", "a)"])
def test_a_pattern_that_cannot_be_meant_is_refused_with_its_text(pattern: str) -> None:
    with pytest.raises(CatalogueError, match="pattern"):
        compile_wording(pattern)


def test_scanning_a_long_repetitive_text_stays_linear() -> None:
    automaton = Automaton([compile_wording("free ~3 ticket"), compile_wording("free (a|b)? (a|b)? ticket")])
    words = ["free", "a", "ticket"] * 20_000
    assert len(automaton.scan(words)) >= 20_000


def test_drawn_out_letters_are_read_both_ways() -> None:
    assert found("free ticket", "freeee tickettt now") == ["freeee tickettt"]
    assert found("salary", "salaryyyy") == ["salaryyyy"]
