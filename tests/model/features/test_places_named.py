"""A country that says who is sought is no place of work; a state of the USA after a town's name is."""

from datetime import UTC, datetime

import pytest

from model.classifier.assessor import Assessor
from model.schema.advert import read_advert


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor.load()


def _places(assessor: Assessor, text: str) -> list[object]:
    advert, _ = read_advert({"text": text})
    facts = assessor.assess(advert, at=datetime(2026, 1, 1, tzinfo=UTC)).facts
    return [fact.value for fact in facts if fact.kind == "place"]


@pytest.mark.parametrize(
    "text",
    [
        "Tuyển người Việt Nam, lương 20tr",
        "người Việt Nam",
        "要中国人,月薪2万",
        "Dicari orang Filipina",
        "รับคนลาว เงินเดือน 20000 บาท",
        "Ищем граждан Китая",
        "Kenya nationals wanted",
    ],
)
def test_who_is_sought_is_no_place(assessor: Assessor, text: str) -> None:
    assert _places(assessor, text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("làm việc tại Việt Nam", "Vietnam"),
        ("work in Kenya", "Kenya"),
        ("Location: Cambodia\nCitizens of any country, passport needed", "Cambodia"),
        ("Job in Cambodia passport must be valid", "Cambodia"),
        ("Nail tech wanted, Clawson, MI $1,200 a week", "MI, USA"),
    ],
)
def test_where_the_work_is_is_one(assessor: Assessor, text: str, place: str) -> None:
    assert _places(assessor, text) == [place]


def test_small_letters_after_a_comma_are_no_state(assessor: Assessor) -> None:
    assert _places(assessor, "good pay, ok?") == []
