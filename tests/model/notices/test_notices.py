"""Notices speak calmly of adverts in many languages; referrals are the published ones and say they are unverified."""

import re
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
import yaml

from model.indicators.registry import CATALOGUE
from model.notices import notices as module
from model.notices.notices import (
    audience_countries,
    group_of,
    notices_for,
    places_of_work,
    referrals_for,
)
from model.schema.assessment import Assessment, Band, Fact, Language, Reason, Support, Thresholds

ASKED_FOR = (
    "en zh zh-Hant th vi id ms fil km lo my hi bn ne si ta ur ko ja ru uz pt es fr ar tr sw am".split()
)
GROUPS = (
    "pay package place abroad online_abroad requirements chat papers models debt criminal fees accounts disguised"
).split()
TEXTS = module._texts()
WITH_GROUPS = [name for name in TEXTS if set(TEXTS[name].get("groups", {})) == set(GROUPS)]
SCRIPTS = {
    "zh": "一-鿿", "zh-Hant": "一-鿿", "th": "฀-๿", "km": "ក-៿", "lo": "຀-໿", "my": "က-႟", "hi": "ऀ-ॿ", "bn": "ঀ-৿",
    "ne": "ऀ-ॿ", "si": "඀-෿", "ta": "஀-௿", "ur": "؀-ۿ", "ko": "가-힣", "ja": "ぁ-ヿ一-鿿", "ru": "а-яё", "ar": "؀-ۿ",
    "am": "ሀ-፿",
}  # fmt: skip


def make_assessment(
    *reasons: tuple[str, float], band: Band = Band.HIGH, facts: tuple[Fact, ...] = ()
) -> Assessment:
    return Assessment(
        advert_id="a",
        score=0.9,
        band=band,
        thresholds=Thresholds(review=0.5, high=0.9),
        patterns={"scam_centre": 0.9},
        reasons=tuple(Reason(code=code, title=code, log_odds=log_odds) for code, log_odds in reasons),
        language=Language(code="en", script="Latn", support=Support.FULL),
        facts=facts,
        model_version="m",
        catalogue_version="c",
        assessed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def every_text() -> list[tuple[str, str, str]]:
    rows = []
    for language, texts in TEXTS.items():
        rows += [
            (language, name, texts[name]) for name in ("jobseeker", "employer", "unassessed", "referrals")
        ]
        for group, words in texts.get("groups", {}).items():
            rows += [(language, f"{group}.{side}", words[side]) for side in ("jobseeker", "employer")]
    return rows


def every_indicator() -> dict[str, str]:
    """Id and kind of each catalogue entry, read off its first lines: parsing all wording takes long."""
    found = {}
    for path in CATALOGUE.glob("*/*.yaml"):
        text = path.read_text("utf-8")
        kind = re.search(r"^kind: (\w+)$", text, re.MULTILINE)
        identity = re.search(r"^id: (\w+)$", text, re.MULTILINE)
        assert kind is not None, path.name
        assert identity is not None, path.name
        found[identity[1]] = kind[1]
    return found


def every_code() -> set[str]:
    explained: dict[str, Any] = yaml.safe_load(
        resources.files("model.classifier").joinpath("explain.yaml").read_text("utf-8")
    )
    return set(every_indicator()) | {entry["code"] for entry in explained["columns"].values()}


def test_every_code_a_reason_can_carry_has_a_group_or_none_on_purpose() -> None:
    assert set(module._groups()) == every_code()


def test_every_group_that_codes_lead_to_has_texts_and_every_text_is_reached() -> None:
    assert {group for group in module._groups().values() if group} == set(GROUPS)
    assert set(TEXTS["en"]["groups"]) == set(GROUPS)


def test_honest_signs_stances_and_facts_about_people_lead_to_no_notice() -> None:
    silent = [code for code, kind in every_indicator().items() if kind in {"counter", "stance", "fact"}]
    assert len(silent) > 20
    assert [code for code in silent if group_of(code) is not None] == []


def test_every_language_asked_for_has_general_texts_and_most_have_all_groups() -> None:
    assert set(TEXTS) == set(ASKED_FOR)
    assert len(WITH_GROUPS) >= 12


@pytest.mark.parametrize("language", ASKED_FOR)
def test_each_language_has_its_texts_complete_in_its_own_script(language: str) -> None:
    texts = [text for name, _, text in every_text() if name == language]
    assert len(texts) == len(set(texts))
    for text in texts:
        assert 15 < len(text) < 450
        assert text == text.strip()
        if language in SCRIPTS:
            letters = [sign for sign in text if sign.isalpha()]
            own = re.findall(f"[{SCRIPTS[language]}]", text.lower())
            assert len(own) > 0.6 * len(letters)


def test_no_language_repeats_the_english_words() -> None:
    english = {text for language, _, text in every_text() if language == "en"}
    assert not [row for row in every_text() if row[0] != "en" and row[2] in english]


def test_english_words_accuse_nobody_call_nobody_a_victim_and_promise_no_rescue() -> None:
    forbidden = re.compile(
        r"victim|traffick|scam|fraudster|criminal|rescue|we will|guarantee|recruiter|poster|liar",
        re.IGNORECASE,
    )
    assert not [row for row in every_text() if row[0] == "en" and forbidden.search(row[2])]


def test_no_language_names_a_victim() -> None:
    forbidden = re.compile(
        r"víctima|vítima|victime|victim|nạn nhân|korban|mangsa|biktima|жертв|kurban|qurbon|mwathirika"
        r"|受害|被害者|피해자|เหยื่อ|ជនរងគ្រោះ|ຜູ້ເຄາະຮ້າຍ|ຜູ້ຖືກເຄາະຮ້າຍ|သားကောင်|पीड़ित|पीडित|ভুক্তভোগী|වින්දිත|பாதிக்கப்பட்டவர்|ضحي|متاثرہ|ተጎጂ",
        re.IGNORECASE,
    )
    assert not [row for row in every_text() if forbidden.search(row[2])]


def test_no_text_holds_a_number_an_address_or_a_link() -> None:
    assert not [row for row in every_text() if re.search(r"\d|@|http|www", row[2])]


def test_the_general_employer_message_names_what_to_add() -> None:
    for word in ("company", "licence", "place", "pay", "contract", "official contact"):
        assert word in TEXTS["en"]["employer"]


def test_the_strongest_positive_reasons_speak_once_per_group_and_three_at_most() -> None:
    assessment = make_assessment(
        ("salary_above_market", 0.7),
        ("high_pay_without_proof", 0.6),
        ("all_inclusive_package", 1.0),
        ("upfront_fee", 0.5),
        ("telegram_contact", 0.4),
        ("model_or_ai_model", -2.0),
        ("baseline", 3.0),
        ("a_code_of_tomorrow", 4.0),
    )
    notices = notices_for(assessment, language="en")
    assert [(notice.group, notice.codes) for notice in notices.reasons] == [
        ("pay", ("salary_above_market", "high_pay_without_proof")),
        ("package", ("all_inclusive_package",)),
        ("fees", ("upfront_fee",)),
    ]
    assert notices.reasons[0].jobseeker == TEXTS["en"]["groups"]["pay"]["jobseeker"]
    assert notices.reasons[0].employer == TEXTS["en"]["groups"]["pay"]["employer"]


@pytest.mark.parametrize("band", [Band.LOW, Band.NOT_AN_ADVERT])
def test_an_advert_that_scored_low_or_is_none_gets_no_notice(band: Band) -> None:
    notices = notices_for(make_assessment(("upfront_fee", 1.0), band=band), language="th")
    assert (notices.jobseeker, notices.employer, notices.reasons) == (None, None, ())


def test_an_advert_that_could_not_be_judged_is_said_to_be_just_that() -> None:
    notices = notices_for(make_assessment(("upfront_fee", 1.0), band=Band.UNASSESSED), language="en")
    assert notices.jobseeker == TEXTS["en"]["unassessed"]
    assert notices.reasons == ()


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        ("en", "en"), ("EN-gb", "en"), ("zh", "zh"), ("zh-CN", "zh"), ("zh-Hans-SG", "zh"), ("zh-Hant", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"), ("zh-TW", "zh-Hant"), ("zh_HK", "zh-Hant"), ("tl", "fil"), ("fil-PH", "fil"),
        ("pt-BR", "pt"), ("sv", "en"), ("", "en"), ("und", "en"),
    ],
)  # fmt: skip
def test_the_language_used_is_the_nearest_one_and_is_named(asked: str, used: str) -> None:
    notices = notices_for(make_assessment(("upfront_fee", 1.0)), language=asked)
    assert (notices.language, notices.language_asked) == (used, asked)
    assert (notices.note is not None) == (used == "en" and not asked.lower().startswith("en"))
    assert notices.jobseeker == TEXTS[used]["jobseeker"]


def test_a_group_without_words_in_a_language_falls_back_to_english_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = {**TEXTS, "th": {key: value for key, value in TEXTS["th"].items() if key != "groups"}}
    monkeypatch.setattr(module, "_texts", lambda: texts)
    notices = notices_for(make_assessment(("upfront_fee", 1.0)), language="th")
    assert notices.language == "th"
    assert notices.reasons[0].language == "en"
    assert notices.reasons[0].jobseeker == TEXTS["en"]["groups"]["fees"]["jobseeker"]


def test_the_audience_country_comes_from_the_facts() -> None:
    facts = (Fact(kind="place", value="Myawaddy"), Fact(kind="audience_country", value="KE"))
    assert audience_countries(make_assessment(facts=facts)) == ("KE",)
    assert audience_countries(make_assessment()) == ()


@pytest.mark.parametrize(
    ("place", "country"),
    [("Poipet", ("KH",)), ("Thailand", ("TH",)), ("Nowhere-on-Sea", ()), ("San José", ())],
)
def test_the_country_of_work_comes_from_the_places_and_an_ambiguous_name_tells_nothing(
    place: str, country: tuple[str, ...]
) -> None:
    facts = (Fact(kind="place", value=place), Fact(kind="contact", value="telegram"))
    assert places_of_work(make_assessment(facts=facts)) == country


def test_referrals_follow_the_countries_in_order_and_end_with_cross_border_bodies() -> None:
    countries = [referral.iso for referral in referrals_for(["ke", "INTL", "KH", "KE"])]
    assert list(dict.fromkeys(countries)) == ["KE", "KH", "INTL"]
    assert len(countries) == len(referrals_for(["KE"])) + len(referrals_for(["KH"])) - len(referrals_for([]))


@pytest.mark.parametrize("countries", [[], ["XX"], ["KH"], ["JP"], ["MY"], ["ET"], ["SG"]])
def test_there_are_always_two_routes_and_one_is_not_police(countries: list[str]) -> None:
    referrals = referrals_for(countries)
    assert len(referrals) >= 2
    assert any(referral.kind == "ngo" for referral in referrals)
    assert all(referral.number or referral.url for referral in referrals)


def test_every_referral_is_unverified_and_names_its_source() -> None:
    referrals = module._referrals()
    assert len(referrals) == 51
    assert len({referral.id for referral in referrals}) == 51
    assert sum(referral.number is not None for referral in referrals) == 20
    for referral in referrals:
        assert referral.verified is None
        assert referral.to_json()["verified"] is None
        assert referral.source_title not in {"", "background"}
        assert {"source_year", "source_url"} <= set(referral.to_json())


def test_places_for_jobseekers_stand_before_those_for_lost_money() -> None:
    malaysia = [referral.id for referral in referrals_for(["MY"]) if referral.iso == "MY"]
    assert malaysia == ["my-semakmule", "my-997"]


def test_records_do_not_change_once_written() -> None:
    notices = notices_for(make_assessment(), language="en")
    with pytest.raises(ValueError, match="frozen"):
        notices.language = "th"  # type: ignore[misc]
