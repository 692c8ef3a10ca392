"""A country's name says where the work is, or who somebody is; only the first is a place."""

from datetime import UTC, datetime

import pytest
import yaml
from babel import Locale

from model.classifier.assessor import Assessor
from model.facts import gazetteer
from model.facts.place_use import names_people
from model.schema.advert import JobAdvert
from model.text.normalise import normalise
from model.training.config import load_config
from model.training.dataset import load_dataset
from model.training.fairness import WORDS, fairness_of

PEOPLE = ["भारतीय", "नेपालियों", "বাংলাদেশি", "پاکستانی", "узбекистанцы", "китайский", "өзбекстандық"]
PEOPLE += ["இந்தியர்கள்", "నేపాలీలు", "ኢትዮጵያውያን", "لبناني"]
COUNTRIES = ["जर्मनी", "ইতালি", "اٹلی", "Россия", "Қазақстан", "சிங்கப்பூர்", "కంబోడియా", "ኢትዮጵያ", "هايتي"]


def _names_people(word: str) -> bool:
    folded = normalise(word).text
    return names_people(folded, 0, len(folded))


@pytest.mark.parametrize("word", PEOPLE)
def test_words_for_people_and_languages_are_no_places(word: str) -> None:
    assert _names_people(word)


@pytest.mark.parametrize("word", COUNTRIES)
def test_countries_stay_places(word: str) -> None:
    assert not _names_people(word)


def test_no_country_that_ends_like_a_people_is_taken_for_one() -> None:
    taken = {
        name
        for language in gazetteer.LANGUAGES
        for code, name in Locale.parse(language).territories.items()
        if gazetteer._COUNTRY_CODE.fullmatch(code) and code not in gazetteer._NOT_COUNTRIES
        if _names_people(name)
    }
    assert taken == set()


def test_whom_an_advert_seeks_moves_no_score() -> None:
    """Ten adverts per language with another nationality, sex, age or school level: what still moves is in the README."""
    languages = ["en", "zh", "hi", "ms", "si", "es"]
    assert set(languages) <= yaml.safe_load(WORDS.read_text("utf-8")).keys()
    rows = [row for row in load_dataset(load_config().data.labels).rows if row.language in languages]
    found = fairness_of(Assessor.load(), rows)
    assert found["swaps"] > 200
    assert found["swaps_that_moved_a_score"] <= 0.02 * found["swaps"]
    assert found["swaps_that_changed_a_band"] == 0


@pytest.mark.parametrize(("where", "n_places"), [("китайский язык", 0), ("офис в Китае", 1)])
def test_a_language_asked_for_is_no_destination(where: str, n_places: int) -> None:
    advert = JobAdvert(id="a", description=f"Нужен администратор, {where}, график сменный")
    said = Assessor.load().assess(advert, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert [fact.value for fact in said.facts if fact.kind == "place"] == ["China"] * n_places
