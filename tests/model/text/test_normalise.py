"""Folding undoes disguise, and every folded character leads back to what was received."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.text.normalise import Fold, normalise


@pytest.mark.parametrize(
    ("received", "folded"),
    [
        ("FREE Ticket", "free ticket"),
        ("𝐅𝐑𝐄𝐄 𝓽𝓲𝓬𝓴𝓮𝓽", "free ticket"),
        ("ＦＲＥＥ　ｔｉｃｋｅｔ", "free ticket"),
        ("fr\u200bee tick\u00adet", "free ticket"),
        ("Вceм пpивeт! кypьepы", "всем привет! курьеры"),
        ("раssроrt", "passport"),
        ("t e l e g r a m", "telegram"),
        ("T.e.l.e.g.r.a.m", "telegram"),
        ("5️⃣0️⃣0️⃣", "500"),
        ("٣٥٠ ៥០០ ၃၀ १२", "350 500 30 12"),
        ("包機票包吃住", "包机票包吃住"),
        ("Vie\u0302\u0323t", "việt"),
        ("ᴛᴇʟᴇ", "tele"),
        ("🅵🆁🅴🅴", "free"),
        ("أعمال إدارة", "اعمال اداره"),
        ("İSTANBUL", "istanbul"),
        ("ท\u0e4d\u0e32งาน", "ท\u0e33งาน"),
        ("น\u0e4d\u0e49\u0e32", "น\u0e49\u0e33"),
        ("น\u0e49\u0e4d\u0e32", "น\u0e49\u0e33"),
        ("ท\u0e4d\u200b\u0e32", "ท\u0e33"),
        ("ທ\u0ecd\u0eb2", "ທ\u0eb3"),
        ("ນ\u0ecd\u0ec9\u0eb2", "ນ\u0ec9\u0eb3"),
    ],
)
def test_posters_spellings_fold_to_one(received: str, folded: str) -> None:
    assert normalise(received).text == folded


@pytest.mark.parametrize(
    ("received", "fold"),
    [
        ("раssроrt", Fold.LOOK_ALIKE),
        ("𝐅𝐑𝐄𝐄", Fold.DECORATED),
        ("fr\u200bee", Fold.INVISIBLE),
        ("f r e e pay", Fold.SPACED),
        ("5️⃣", Fold.EMOJI_DIGIT),
    ],
)
def test_what_was_folded_is_counted(received: str, fold: Fold) -> None:
    assert normalise(received).folds[fold] > 0


@pytest.mark.parametrize(
    "received", ["ភ្នំពេញ\u200bការងារ", "ကျွန်တော်", "क्\u200dष", "IT-специалист", "Data entry, 8 a.m."]
)
def test_honest_typing_is_no_disguise(received: str) -> None:
    assert not normalise(received).folds


def test_a_span_of_the_folded_text_is_a_span_of_the_received_one() -> None:
    text = normalise("Call 𝐓𝐆 n\u200bow")
    start = text.text.index("now")
    first, last = text.received_span(start, start + 3)
    assert text.received[first:last] == "n\u200bow"


ANY_TEXT = st.text(st.characters(), max_size=60)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_every_folded_character_has_a_place_in_the_received_text(text: str) -> None:
    folded = normalise(text)
    for index in range(len(folded.text)):
        first, last = folded.received_span(index, index + 1)
        assert 0 <= first < last <= len(text)
