"""Choosing what to ask people about: least certain first, aims, languages, signs and campaigns in turn."""

import random
from typing import Any

import pytest

from model.asking import Aim, Asking, Labelled, Question


def question(key: str, **fields: Any) -> Question:
    standard = {"campaign": key, "language": "en", "sign": None, "margin": 1.0, "lot": 0.5}
    return Question(key=key, **{**standard, **fields})


def choose(
    *questions: Question, size: int = 10, labelled: Labelled | None = None, aims: tuple[Aim, ...] = tuple(Aim)
) -> list[str]:
    asking = Asking(labelled or Labelled(), size=size, aims=aims)
    for one in questions:
        asking.consider(one)
    return [asked.question.key for asked in asking.choose()]


def test_the_least_certain_goes_first_and_the_lot_decides_between_equals() -> None:
    near, far = question("near", margin=0.1), question("far", margin=2.0)
    lucky = question("tied", margin=0.1, lot=0.4)
    assert choose(far, near, lucky, aims=(Aim.DOUBT,)) == ["tied", "near", "far"]


def test_one_advert_stands_for_its_campaign() -> None:
    copies = [question(f"copy {n}", campaign="one", margin=0.1 + n) for n in range(5)]
    assert choose(*copies, question("other", margin=9.0)) == ["copy 0", "other"]


def test_doubt_does_not_spend_the_whole_day_on_one_language() -> None:
    english = [question(f"en {n}", margin=0.1 + n / 100) for n in range(9)]
    khmer = question("km", language="km", margin=0.5)
    assert choose(*english, khmer, size=2, aims=(Aim.DOUBT,)) == ["en 0", "km"]
    sure = question("km", language="km", margin=5.0)
    assert choose(*english, sure, size=2, aims=(Aim.DOUBT,)) == ["en 0", "en 1"]


def test_languages_with_few_labels_are_filled_up_in_turn() -> None:
    labelled = Labelled(languages={"en": 9, "km": 1, "lo": 2})
    questions = [
        question(f"{code} {n}", language=code, margin=n) for code in ("en", "km", "lo") for n in range(9)
    ]
    found = choose(*questions, size=5, labelled=labelled, aims=(Aim.LANGUAGE,))
    assert found == ["km 0", "lo 0", "km 1", "lo 1", "km 2"]


def test_signs_with_few_labels_are_filled_up_in_turn() -> None:
    labelled = Labelled(signs={"rare": 1, "common": 50})
    questions = [
        *(question(f"rare {n}", sign="rare", margin=3.0 + n) for n in range(2)),
        *(question(f"new {n}", sign="new", margin=8.0 + n) for n in range(3)),
        question("common", sign="common", margin=0.0),
    ]
    found = choose(*questions, size=4, labelled=labelled, aims=(Aim.SIGN,))
    assert found == ["new 0", "rare 0", "new 1", "rare 1"]


def test_the_aims_take_turns_and_one_that_finds_nothing_is_passed_over() -> None:
    labelled = Labelled(languages={"en": 5}, signs={"sign": 5})
    questions = [question(f"{n}", margin=n / 10) for n in range(6)]
    asking = Asking(labelled, size=5)
    for one in [*questions, question("signed", sign="sign", margin=7.0)]:
        asking.consider(one)
    chosen = asking.choose()
    assert [asked.aim for asked in chosen] == [Aim.DOUBT, Aim.SIGN, Aim.LANGUAGE, Aim.DOUBT, Aim.LANGUAGE]
    assert chosen[1].question.key == "signed"
    assert [asked.n_labelled for asked in chosen if asked.aim is Aim.LANGUAGE] == [7, 9]


def test_the_rarest_sign_is_the_one_fewest_labelled_adverts_carry() -> None:
    labelled = Labelled(signs={"a": 3, "b": 2}) + Labelled(signs={"b": 5})
    assert labelled.rarest({"a", "b"}) == "a"
    assert labelled.rarest({"a", "b", "never"}) == "never"
    assert labelled.rarest(()) is None


@pytest.mark.parametrize("seed", range(20))
def test_order_of_arrival_and_forgetting_change_nothing(seed: int) -> None:
    """A shelf forgets what cannot be chosen; one with room for everything begins with the same choice."""
    chance = random.Random(seed)
    questions = [
        question(
            f"{n}",
            campaign=str(chance.randrange(150)),
            language=chance.choice(("en", "km", "lo")),
            sign=chance.choice((None, "x", "y")),
            margin=chance.random(),
            lot=chance.random(),
        )
        for n in range(300)
    ]
    found = choose(*questions, size=7)
    assert len(found) == 7
    assert choose(*chance.sample(questions, 300), size=7) == found
    assert choose(*questions, size=300)[:7] == found
