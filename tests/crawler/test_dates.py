"""Days in the languages of the product: in full, as time gone by, and as `today` and `yesterday`."""

from datetime import date

import pytest

from crawler.parse.dates import parse_date
from crawler.parse.relative import parse_relative

TODAY = date(2026, 11, 21)
FIFTH, THREE_DAYS, YESTERDAY = date(2026, 11, 5), date(2026, 11, 18), date(2026, 11, 20)

WRITTEN = {
    "en": "5 November 2026", "zh": "2026年11月5日", "th": "5 พฤศจิกายน 2569", "vi": "ngày 5 tháng 11 năm 2026", "id": "5 November 2026",
    "ms": "5 Ogos 2026", "fil": "Nobyembre 5, 2026", "km": "៥ វិច្ឆិកា ២០២៦", "lo": "5 ພະຈິກ 2026", "my": "၅ နိုဝင်ဘာ ၂၀၂၆",
    "hi": "5 नवंबर 2026", "bn": "৫ নভেম্বর ২০২৬", "ne": "५ नोभेम्बर २०२६", "si": "2026 නොවැම්බර් 5", "ta": "5 நவம்பர் 2026",
    "te": "5 నవంబర్ 2026", "ur": "5 نومبر 2026", "am": "5 ኖቬምበር 2026", "ru": "5 ноября 2026 г.", "kk": "5 қараша 2026",
    "uz": "5 noyabr 2026", "ar": "5 نوفمبر 2026", "sw": "5 Novemba 2026", "fr": "5 novembre 2026", "es": "5 de noviembre de 2026",
    "pt": "5 de novembro de 2026", "de": "5. November 2026", "tr": "5 Kasım 2026", "ja": "2026年11月5日", "ko": "2026년 11월 5일",
    "pl": "5 listopada 2026",
}  # fmt: skip
AGO = {
    "en": "Posted 3 Days Ago", "zh": "3天前", "th": "3 วันที่แล้ว", "vi": "3 ngày trước", "id": "3 hari yang lalu", "ms": "3 hari lalu",
    "fil": "3 araw ang nakalipas", "km": "៣ ថ្ងៃមុន", "lo": "3 ມື້ກ່ອນ", "my": "၃ ရက်အကြာက", "hi": "3 दिन पहले", "bn": "৩ দিন আগে",
    "ne": "३ दिन अघि", "si": "දින 3කට පෙර", "ta": "3 நாட்களுக்கு முன்", "te": "3 రోజుల క్రితం", "ur": "3 دن پہلے", "am": "ከ3 ቀናት በፊት",
    "ru": "3 дня назад", "kk": "3 күн бұрын", "uz": "3 kun oldin", "ar": "منذ 3 أيام", "sw": "siku 3 zilizopita", "fr": "il y a 3 jours",
    "es": "hace 3 días", "pt": "há 3 dias", "de": "vor 3 Tagen", "tr": "3 gün önce", "ja": "3日前", "ko": "3일 전", "pl": "3 dni temu",
}  # fmt: skip
BEFORE_TODAY = {
    "en": "Posted Yesterday", "zh": "昨天", "th": "เมื่อวาน", "vi": "hôm qua", "id": "kemarin", "ms": "semalam", "fil": "kahapon",
    "km": "ម្សិលមិញ", "lo": "ມື້ວານນີ້", "my": "မနေ့က", "hi": "कल", "bn": "গতকাল", "ne": "हिजो", "si": "ඊයේ", "ta": "நேற்று",
    "te": "నిన్న", "ur": "کل", "am": "ትናንት", "ru": "вчера", "kk": "кеше", "uz": "kecha", "ar": "أمس", "sw": "jana", "fr": "hier",
    "es": "ayer", "pt": "ontem", "de": "gestern", "tr": "dün", "ja": "昨日", "ko": "어제", "pl": "wczoraj",
}  # fmt: skip


@pytest.mark.parametrize("language", WRITTEN)
def test_a_date_in_words_is_read_in_every_language_of_the_product(language: str) -> None:
    expected = date(2026, 8, 5) if language == "ms" else FIFTH  # Ogos: a month that is Malay alone

    assert parse_date(WRITTEN[language]) == expected


@pytest.mark.parametrize("language", AGO)
def test_days_gone_by_are_read_in_every_language_of_the_product(language: str) -> None:
    assert parse_date(AGO[language], today=TODAY) == THREE_DAYS
    assert parse_date(AGO[language]) is None


@pytest.mark.parametrize("language", BEFORE_TODAY)
def test_yesterday_is_read_in_every_language_of_the_product(language: str) -> None:
    assert parse_date(BEFORE_TODAY[language], today=TODAY) == YESTERDAY


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2 hours ago", 0), ("5d ago", 5), ("2 weeks ago", 14), ("1 month ago", 30), ("2小时前", 0), ("Cập nhật 2 giờ trước", 0), ("منذ يومين", 2),
        ("منذ أسبوع", 7), ("2 ชั่วโมงที่แล้ว", 0), ("há 2 semanas", 14), ("1 bulan yang lalu", 30), ("saa 2 zilizopita", 0), ("just now", 0),
    ],
)  # fmt: skip
def test_hours_weeks_and_months_gone_by_are_days(text: str, days: int) -> None:
    found = parse_date(text, today=TODAY)

    assert found is not None
    assert (TODAY - found).days == days


@pytest.mark.parametrize(
    "text", ["30+ days ago", "days ago", "some time ago", "3 monkeys ago", "in 3 days", "1000 days ago"]
)
def test_what_names_no_day_is_none(text: str) -> None:
    assert parse_relative(text, TODAY) is None
