"""The promoted release, seen from the front door."""

import math
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.classifier.assessor import Assessor
from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment, Band

AT = datetime(2026, 1, 1, tzinfo=UTC)
LURE = "Hiring online chat support in Poipet, free flight and room, 1500 USD, no experience, DM @hr_example_1"
HONEST = "Night receptionist for our hotel in Lisbon. Work contract, paid leave. Bring your CV to the front desk, Tuesday 10:00"
WARNING = "Police warn: fake job offers in Cambodia promise free flights and high pay. Do not go. Victims were trapped and beaten. Hotline 000"


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor.load()


def assess(assessor: Assessor, text: str) -> Assessment:
    return assessor.assess(JobAdvert(description=text), at=AT)


def test_a_plain_lure_is_high_and_an_honest_advert_low(assessor: Assessor) -> None:
    assert assess(assessor, LURE).band is Band.HIGH
    assert assess(assessor, HONEST).band is Band.LOW


def test_a_warning_that_names_the_same_things_is_no_advert(assessor: Assessor) -> None:
    assert assess(assessor, WARNING).band is Band.NOT_AN_ADVERT


@pytest.mark.parametrize("text", ["🔥🔥🔥", "123", "ok", "ཀ་ཁ་ག་ང"])
def test_what_cannot_be_judged_is_unassessed_and_says_why(assessor: Assessor, text: str) -> None:
    assessment = assess(assessor, text)
    assert assessment.band is Band.UNASSESSED
    assert assessment.notes


def test_the_reasons_sum_to_the_score(assessor: Assessor) -> None:
    for text in (LURE, HONEST, WARNING, "包吃住 高薪 柬埔寨 客服", "Cần gấp nhân viên chat, bao ăn ở"):
        assessment = assess(assessor, text)
        total = sum(reason.log_odds for reason in assessment.reasons)
        assert total == pytest.approx(math.log(assessment.score / (1 - assessment.score)), abs=1e-6)


def test_a_reason_shows_span_gloss_and_source(assessor: Assessor) -> None:
    reasons = {r.code: r for r in assess(assessor, "公司包吃住，柬埔寨客服，月薪3万").reasons}
    span = reasons["all_inclusive_package"].spans[0]
    assert span.text in "公司包吃住"
    assert span.gloss
    assert reasons["all_inclusive_package"].sources[0].publisher


def test_spans_name_their_field(assessor: Assessor) -> None:
    advert = JobAdvert(
        title="Online chat job in Poipet", description="Free room and meals, no experience needed"
    )
    assessment = assessor.assess(advert, at=AT)
    for reason in assessment.reasons:
        for span in reason.spans:
            assert getattr(advert, span.field)[span.start : span.end] == span.text


def test_what_the_page_states_beside_the_text_counts_too(assessor: Assessor) -> None:
    plain = JobAdvert(id="1", description="Customer service agent, no experience needed")
    placed = plain.model_copy(update={"places": ("Poipet, Cambodia",), "pay_raw": "USD 2500 per month"})
    assert assessor.assess(placed, at=AT).score > assessor.assess(plain, at=AT).score


def test_assessing_many_is_assessing_each(assessor: Assessor) -> None:
    adverts = [JobAdvert(description=text) for text in (LURE, HONEST, WARNING)]
    assert assessor.assess_many(adverts, at=AT) == [assessor.assess(advert, at=AT) for advert in adverts]


def test_threads_get_the_same_answers(assessor: Assessor) -> None:
    expected = assess(assessor, LURE)
    answers: list[Assessment] = []
    threads = [threading.Thread(target=lambda: answers.append(assess(assessor, LURE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "包" * 200_000,
        "😀" * 50_000,
        "\u202e" * 1000 + "free",
        "مرحبا hello 你好 " * 2000,
        "\ud800 broken",
        "1" * 5000,
        "free " * 30_000,
    ],
)
def test_hostile_texts_are_answered(assessor: Assessor, text: str) -> None:
    assessment = assess(assessor, text)
    assert 0.0 <= assessment.score <= 1.0


def test_a_text_beyond_the_limit_says_so(assessor: Assessor) -> None:
    assert "not" in assess(assessor, "work " * 30_000).notes[-1]


@settings(max_examples=120, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=200))
def test_every_span_is_a_span_of_the_received_text(assessor: Assessor, text: str) -> None:
    try:
        advert, _ = read_advert({"text": text})
    except ValueError:
        return
    assessment = assessor.assess(advert, at=AT)
    assert 0.0 <= assessment.score <= 1.0
    for reason in assessment.reasons:
        for span in reason.spans:
            assert text[span.start : span.end] == span.text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["\u200b", "\u2060", "\ufeff"]), max_size=6))
def test_zero_width_characters_between_words_change_no_score(assessor: Assessor, hidden: list[str]) -> None:
    words = LURE.split()
    text = " ".join(word + (hidden[i] if i < len(hidden) else "") for i, word in enumerate(words))
    assert assess(assessor, text).score == pytest.approx(assess(assessor, LURE).score, abs=0.02)


def test_a_place_stated_beside_the_text_has_no_words_of_the_text(assessor: Assessor) -> None:
    advert = JobAdvert(id="1", description="Customer service agent for Cambodia", places=("Phnom Penh, KH",))
    places = {f.value: f.raw for f in assessor.assess(advert, at=AT).facts if f.kind == "place"}
    assert places == {"Cambodia": "Cambodia", "Phnom Penh": None}
