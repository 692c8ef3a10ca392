import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tokens import KEY_PATTERN, is_well_formed, keyed_hash, make_key

KEY = make_key()


def test_a_key_has_the_published_shape_and_checks_itself() -> None:
    assert KEY_PATTERN.fullmatch(KEY)
    assert KEY.startswith("lw_live_")
    assert make_key(is_test=True).startswith("lw_test_")
    assert is_well_formed(KEY)
    assert make_key() != KEY


@given(position=st.integers(8, len(KEY) - 1), letter=st.sampled_from("0aZ9"))
def test_one_wrong_letter_is_told_without_a_look_up(position: int, letter: str) -> None:
    wrong = KEY[:position] + letter + KEY[position + 1 :]
    assert is_well_formed(wrong) == (wrong == KEY)


@pytest.mark.parametrize(
    "given_key",
    ["", "lw_live_", KEY + "0", KEY[:-1], "é" * 57, KEY.replace("live", "life")],
    ids=["empty", "beginning only", "one more", "one less", "other letters", "other kind"],
)
def test_what_is_no_key_is_not_well_formed(given_key: str) -> None:
    assert not is_well_formed(given_key)


def test_a_hash_depends_on_secret_and_purpose() -> None:
    hashes = {
        keyed_hash(KEY, pepper=pepper, purpose=purpose)
        for pepper in (b"a", b"b")
        for purpose in ("key", "login")
    }
    assert len(hashes) == 4
