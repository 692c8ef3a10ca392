import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.schema.assessment import Reason, Span
from service.console.highlight import Hit, cut, heat, hits_of


def hit(
    number: int, start: int, end: int, *, text: str = "", log_odds: float = 1.0, gloss: str | None = None
) -> Hit:
    return Hit(number, Span(field="description", start=start, end=end, text=text, gloss=gloss), log_odds)


def test_text_is_cut_at_the_borders_of_its_hits() -> None:
    pieces = cut("free flight to Poipet", [hit(1, 0, 11), hit(2, 15, 21, log_odds=-0.2)])
    assert [(piece.text, piece.numbers, piece.tone, piece.heat) for piece in pieces] == [
        ("free flight", (1,), "up", 2),
        (" to ", (), "", 0),
        ("Poipet", (2,), "down", 1),
    ]


def test_overlapping_hits_share_the_middle_and_each_gloss_stands_where_its_hit_ends() -> None:
    hits = [hit(1, 0, 4, gloss="flights paid"), hit(2, 2, 6, log_odds=0.1, gloss="food and lodging paid")]
    pieces = cut("包机票包吃住", hits)
    assert [(piece.text, piece.numbers) for piece in pieces] == [("包机票包", (1, 2)), ("吃住", (2,))]
    assert [[gloss.text for gloss in piece.glosses] for piece in pieces] == [
        ["flights paid"],
        ["food and lodging paid"],
    ]


def test_words_that_several_reasons_rest_on_are_glossed_once_by_the_strongest() -> None:
    phrase = "work in Poipet"
    hits = [hit(4, 0, 4, gloss=phrase), hit(2, 0, 4, gloss=phrase), hit(1, 2, 4, gloss="Poipet")]
    (piece,) = cut("ไปปอ", hits)
    assert [(gloss.number, gloss.text) for gloss in piece.glosses] == [(2, phrase)]
    assert piece.numbers == (1, 2, 4)


def test_a_gloss_that_says_the_same_is_left_out() -> None:
    assert cut("Free flight", [hit(1, 0, 11, text="Free flight", gloss="free flight")])[0].glosses == ()


def test_hits_of_another_field_and_empty_ones_are_passed_over() -> None:
    spans = (
        Span(field="title", start=0, end=2, text="ab"),
        Span(field="description", start=1, end=1, text=""),
    )
    reasons = [(1, Reason(code="x", title="X", log_odds=1, spans=spans))]
    assert hits_of(reasons, "description") == []
    assert [hit.span.text for hit in hits_of(reasons, "title")] == ["ab"]


@pytest.mark.parametrize(("log_odds", "level"), [(0.1, 1), (-0.7, 1), (0.71, 2), (-2.0, 2), (2.1, 3)])
def test_heat_grows_with_the_weight(log_odds: float, level: int) -> None:
    assert heat(log_odds) == level


@given(
    text=st.text(max_size=40),
    borders=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 20), st.floats(-3, 3)), max_size=8),
)
def test_every_character_comes_out_once_and_in_order(
    text: str, borders: list[tuple[int, int, float]]
) -> None:
    hits = [
        hit(n, start, start + length, log_odds=weight) for n, (start, length, weight) in enumerate(borders)
    ]
    pieces = cut(text, hits)
    assert "".join(piece.text for piece in pieces) == text
    marked = {
        i
        for _, start, end in ((h.number, h.span.start, h.span.end) for h in hits)
        if end <= len(text)
        for i in range(start, end)
    }
    position = 0
    for piece in pieces:
        assert all((i in marked) == bool(piece.numbers) for i in range(position, position + len(piece.text)))
        position += len(piece.text)
