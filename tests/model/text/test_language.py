"""The language guess is right where it can be, and never raises."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.classifier.assessor import Assessor
from model.schema.advert import JobAdvert
from model.text.language import guess_language
from model.text.normalise import normalise


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We are looking for a receptionist for our hotel", "en"),
        ("Cần tuyển nhân viên bán hàng lương tháng", "vi"),
        ("Dibutuhkan karyawan untuk toko kami, gaji bulanan", "id"),
        ("Naghahanap kami ng trabahador para sa tindahan", "fil"),
        ("Tunahitaji wafanyakazi wa kazi nje ya nchi", "sw"),
        ("Ishchi kerak, oylik maosh va turar joy bor", "uz"),
        ("Garson aranıyor, maaş artı yol ücreti", "tr"),
        ("รับสมัครพนักงานขาย", "th"),
        ("ຮັບພະນັກງານຂາຍ", "lo"),
        ("ត្រូវការបុគ្គលិក", "km"),
        ("အလုပ်သမား အလိုရှိသည်", "my"),
        ("직원 모집합니다", "ko"),
        ("スタッフ募集中です", "ja"),
        ("招聘客服人员", "zh"),
        ("कर्मचारी चाहिए, वेतन के साथ काम है", "hi"),
        ("कामदार चाहियो, तलब राम्रो छ", "ne"),
        ("চাকরি আছে, বেতন ভালো", "bn"),
        ("ملازم کی ضرورت ہے", "ur"),
        ("مطلوب موظف مبيعات", "ar"),
        ("ሠራተኛ እንፈልጋለን", "am"),
        ("සේවකයින් අවශ්‍යයි", "si"),
        ("வேலைக்கு ஆட்கள் தேவை", "ta"),
        ("Требуется продавец в магазин", "ru"),
        ("Дүкенге сатушы керек, жалақы жақсы", "kk"),
    ],
)
def test_the_language_of_a_plain_advert_is_told(text: str, code: str) -> None:
    assert guess_language(text).code == code


@pytest.mark.parametrize(("text", "script"), [("誠徵電話客服專員", "Hant"), ("诚征电话客服专员", "Hans")])
def test_traditional_and_simplified_chinese_are_told_apart(text: str, script: str) -> None:
    assert guess_language(text).script == script


@pytest.mark.parametrize("text", ["", "   ", "123 456", "🔥🔥🔥", "\u200b"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert guess_language(text).code == "und"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    guess = guess_language(text)
    assert 0.0 <= guess.confidence <= 1.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Vi söker en kock till vår restaurang i Malmö. Du har erfarenhet av varmkök och trivs i ett team. Heltid med kollektivavtal.",
            "sv",
        ),
        (
            "Wij zoeken een magazijnmedewerker in Rotterdam. Je werkt in ploegen, fulltime, en krijgt een goed salaris en reiskosten.",
            "nl",
        ),
        (
            "Cerchiamo un cuoco per il nostro ristorante a Milano. Offriamo contratto a tempo pieno, stipendio di 1600 euro, vitto e alloggio.",
            "it",
        ),
        (
            "Căutăm bucătar pentru restaurant în Cluj. Oferim salariu motivant, cazare și masă, program de lucru stabil. Trimiteți CV-ul.",
            "ro",
        ),
    ],
)
def test_a_language_outside_the_list_is_not_taken_for_one_on_it(text: str, code: str) -> None:
    assert guess_language(normalise(text).text).code == code


def test_a_plain_advert_in_an_unsupported_language_is_said_to_be_unsupported() -> None:
    text = "Kérjük, küldje el önéletrajzát. Szakácsot keresünk budapesti éttermünkbe, teljes munkaidőben, szép környezetben."
    said = Assessor.load().assess(JobAdvert(id="a", description=text), at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (said.language.code, said.language.support.value, said.band.value) == ("hu", "none", "unassessed")
