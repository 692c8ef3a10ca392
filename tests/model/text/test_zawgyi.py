"""Burmese typed for a Zawgyi font reads as the same Burmese in Unicode, and Unicode is left alone."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.indicators.checks import fires
from model.indicators.matcher import Matcher
from model.indicators.registry import CATALOGUE, load_catalogue
from model.text import zawgyi
from model.text.normalise import Fold, normalise

PAIRS = [
    ("\u103b\u1019\u1014\u1039\u1019\u102c", "မြန်မာ"),
    ("\u1031\u1000\u103a\u102c\u1004\u1039\u1038", "ကျောင်း"),
    ("\u1000\u107d\u103c\u1014\u1039\u1031\u1010\u102c\u1039", "ကျွန်တော်"),
    ("\u1021\u101c\u102f\u1015\u1039", "အလုပ်"),
    ("\u1021\u101c\u102f\u1015\u1039\u101e\u1019\u102c\u1038", "အလုပ်သမား"),
    ("\u101c\u102f\u1015\u1039\u1004\u1014\u1039\u1038", "လုပ်ငန်း"),
    ("\u1000\u102f\u1019\u1078\u100f\u102e", "ကုမ္ပဏီ"),
    ("\u101e\u1031\u1018\u1064\u102c", "သင်္ဘော"),
    ("\u1021\u1002\u1064\u101c\u102d\u1015\u1039", "အင်္ဂလိပ်"),
    ("\u1011\u102d\u102f\u1004\u1039\u1038", "ထိုင်း"),
    ("\u108f\u102d\u102f\u1004\u1039\u1004\u1036", "နိုင်ငံ"),
    ("\u1031\u1005\u103a\u1038", "ဈေး"),
    ("\u107e\u101e\u1002\u102f\u1010\u1039", "ဩဂုတ်"),
    ("\u101d\u1014\u1039\u1011\u1019\u1039\u1038", "ဝန်ထမ်း"),
    ("\u1015\u100a\u102c", "ပညာ"),
    ("\u1025\u102c\u100f\u1039", "ဉာဏ်"),
    ("\u1015\u106a\u1065\u1019", "ပဉ္စမ"),
    ("\u1031\u101a\u102c\u1000\u1039\u103a\u102c\u1038", "ယောက်ျား"),
    ("\u1000\u107d\u103c\u108f\u102f\u1039\u1015\u1039", "ကျွန်ုပ်"),
    ("\u1080\u1000\u102e\u1038", "ကြီး"),
    ("\u1031\u1082\u1000\u103c\u1038", "ကြွေး"),
    ("\u103b\u1016\u1034", "ဖြူ"),
    ("\u101e\u1010\u1071\u101d\u102b", "သတ္တဝါ"),
    ("\u1012\u102f\u1000\u1061", "ဒုက္ခ"),
    ("\u1015\u1005\u1065\u100a\u1039\u1038", "ပစ္စည်း"),
    ("\u1015\u102d\u1086\u102c", "ပိဿာ"),
    ("\u1026\u1038", "ဦး"),
    ("\u1090\u103d\u102d", "ရှိ"),
    ("\u101b\u103d\u102d", "ရှိ"),
    ("\u1001\u103c\u107d\u1010\u1039", "ချွတ်"),
    ("\u1031\u103b\u1019\u1087\u102c\u1000\u1039", "မြှောက်"),
    ("\u101c\u103d\u103a\u1015\u1039", "လျှပ်"),
    ("\u1031\u101b\u108a", "ရွှေ"),
    ("\u103b\u1019\u1014\u1039", "မြန်"),
    ("\u1090\u102f\u1036\u1038", "ရုံး"),
    ("\u1001\u1014\u1094\u1039", "ခန့်"),
    ("\u101e\u102d\u102f\u1094", "သို့"),
    ("\u108f\u103d\u1004\u1037\u1039", "နှင့်"),
    ("\u1015\u1010\u1071\u103b\u1019\u102c\u1038", "ပတ္တမြား"),
    ("\u1019\u108f\u1072\u1031\u101c\u1038", "မန္တလေး"),
    ("\u101e\u108f\u1072\u102c", "သန္တာ"),
    ("\u1021\u1001\u103c\u1004\u1037\u1039\u1001\u103c\u1004\u1037\u1039", "အခွင့်ခွင့်"),
    ("\u1000\u1019\u102c\u107b", "ကမ္ဘာ"),
    ("\u1017\u102f\u1012\u1076", "ဗုဒ္ဓ"),
    ("\u1040\u1014\u1039", "ဝန်"),
    ("\u1031\u1040\u1038", "ဝေး"),
    ("\u1044\u1004\u1039\u1038", "၎င်း"),
    ("\u106b\u108a\u1014\u1039", "ညွှန်"),
    ("\u1021\u1031\u1000\u102c\u1004\u1037\u1039", "အကောင့်"),
    ("\u1018\u100f\u1039", "ဘဏ်"),
    ("\u101c\u103d\u1034", "လှူ"),
    ("\u107f\u1015\u102e\u1038", "ပြီး"),
    ("\u1082\u1000\u103c", "ကြွ"),
    ("\u1031\u1001\u105a", "ခေါ်"),
    ("\u1031\u1001\u105a\u101e\u100a\u1039", "ခေါ်သည်"),
    ("\u1019\u102d\u1010\u1039\u1031\u1006\u103c", "မိတ်ဆွေ"),
    ("\u1005\u1000\u1064\u102c\u1015\u1030", "စင်္ကာပူ"),
    ("\u1006\u108f\u1075", "ဆန္ဒ"),
    ("\u1015\u102f\u1002\u1062\u102d\u1033\u101c\u1039", "ပုဂ္ဂိုလ်"),
    ("\u101e\u103c\u1004\u1039", "သွင်"),
    ("\u101e\u1019\u107c\u1010", "သမ္မတ"),
    (
        "\u1005\u102d\u1010\u1039\u101d\u1004\u1039\u1005\u102c\u1038\u101e\u1030\u1019\u103a\u102c\u1038",
        "စိတ်ဝင်စားသူများ",
    ),
    ("\u1006\u1000\u1039\u101e\u103c\u101a\u1039\u101b\u1014\u1039", "ဆက်သွယ်ရန်"),
    ("\u1010\u101a\u1039\u101c\u102e\u1002\u101b\u1019\u1039", "တယ်လီဂရမ်"),
    ("\u1090\u102d\u102f\u1038", "ရိုး"),
    ("\u1018\u1091\u102c", "ဘဏ္ဍာ"),
    ("\u1000\u1014\u1039\u1011\u1090\u102d\u102f\u1000\u1039", "ကန်ထရိုက်"),
    ("\u1019\u107e\u1000\u102c\u1001\u100f", "မကြာခဏ"),
    ("\u1031\u1012\u105a\u101c\u102c", "ဒေါ်လာ"),
    ("\u107e\u1000\u1000\u1039\u101e\u103c\u1014\u1039", "ကြက်သွန်"),
]
"""Words in Zawgyi, and the same in Unicode."""

ADVERT = "ကျွန်တော်တို့ကုမ္ပဏီမှ ဝန်ထမ်းအမြန်ခေါ်နေပါသည်။"
ADVERT_IN_ZAWGYI = (
    "\u1000\u107d\u103c\u1014\u1039\u1031\u1010\u102c\u1039\u1010\u102d\u102f"
    "\u1094\u1000\u102f\u1019\u1078\u100f\u102e\u1019\u103d \u101d\u1014\u1039\u1011\u1019\u1039\u1038"
    "\u1021\u103b\u1019\u1014\u1039\u1031\u1001\u105a\u1031\u1014\u1015\u102b\u101e\u100a\u1039\u104b"
)

STACKED = dict(
    zip(
        "ကခဂဃစဆဇဈဋဌဏတထဒဓနပဖဗဘမလ",
        "\u1060\u1061\u1062\u1063\u1065\u1066\u1068\u1069\u106c\u106d\u1070"
        "\u1071\u1073\u1075\u1076\u1077\u1078\u1079\u107a\u107b\u107c\u1085",
        strict=True,
    )
)
SYLLABLE = re.compile(
    "(\u1004\u103a\u1039)?([\u1000-\u102a\u103f])((?:\u103a(?=[\u103b\u102f]))?)((?:\u1039[\u1000-\u1021])?)"
    "([\u103b-\u103e]*)(\u1031?)([\u102b-\u1030\u1032\u1036-\u1038\u103a]*)"
)
SHOWN = str.maketrans(
    {
        "\u103f": "\u1086",
        "\u103a": "\u1039",
        "\u103b": "\u103a",
        "\u103c": "",
        "\u103d": "\u103c",
        "\u103e": "\u103d",
    }
)


def in_zawgyi(text: str) -> str:
    """Type Unicode Burmese as a Zawgyi keyboard would, with one shape per letter."""

    def typed(match: re.Match[str]) -> str:
        kinzi, base, killed, stack, medials, e, rest = match.groups()
        ra = "\u103b" if "\u103c" in medials else ""
        before = e + ra + (base + killed).translate(SHOWN) + (STACKED[stack[1]] if stack else "")
        return before + medials.translate(SHOWN) + ("\u1064" if kinzi else "") + rest.translate(SHOWN)

    return SYLLABLE.sub(typed, text)


def converted(text: str) -> str:
    return zawgyi.RUN.sub(lambda match: zawgyi.to_unicode(match[0]), text)


@pytest.mark.parametrize(("typed", "meant"), PAIRS)
def test_a_word_in_zawgyi_becomes_the_same_word_in_unicode(typed: str, meant: str) -> None:
    assert converted(typed) == meant


@pytest.mark.parametrize("meant", [meant for _, meant in PAIRS])
def test_a_word_in_unicode_is_not_taken_for_zawgyi(meant: str) -> None:
    assert not zawgyi.is_zawgyi(meant)


def test_what_was_converted_is_not_converted_again() -> None:
    once = normalise(ADVERT_IN_ZAWGYI)
    assert once.text == normalise(ADVERT).text == ADVERT
    assert once.folds == {Fold.ZAWGYI: 1}
    assert normalise(once.text).folds == {}


@pytest.mark.parametrize(
    "typed",
    [
        "\u1021\u101c\u102f\u1015\u1039\u1031\u1001\u105a\u101e\u100a\u1039",
        "\u1005\u102d\u1010\u1039\u101d\u1004\u1039\u1005\u102c\u1038\u101e\u1030\u1019\u103a\u102c\u1038",
        "Job \u101c\u1005\u102c\u1031\u1000\u102c\u1004\u1039\u1038\u104a \u1031\u1014\u1005\u102c\u1038\u107f\u1004\u102d\u1019\u1039\u1038 TG: example",
        "\u108f\u102d\u102f\u1004\u1039\u1004\u1036\u103b\u1001\u102c\u1038\u1021\u101c\u102f\u1015\u1039",
    ],
)
def test_a_few_letters_are_enough_to_tell_zawgyi(typed: str) -> None:
    assert zawgyi.is_zawgyi(typed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "free ticket",
        "包机票包吃住",
        "က",
        "\u1031",
        "ကုမ္ပဏီ",
        "ကျွန်ုပ် ယောက်ျား သင်္ဘော ပိဿာ ဩဂုတ်",
        "မႂ်ႇသုင်ၶႃႈ ၼႂ်းမိူင်းတႆး ၵူၼ်းၵႃႉ",  # Shan
        "ကညီကျိာ် သၣ်အၢၣ်တၢ်မၤ",  # Karen
        "ဘာသာမန် ဍုၚ်ဗၟာ",  # Mon
    ],
)
def test_other_text_is_not_zawgyi(text: str) -> None:
    assert not zawgyi.is_zawgyi(text)
    assert zawgyi.runs(text) == []


def test_only_the_zawgyi_lines_of_an_advert_in_both_encodings_are_converted() -> None:
    assert normalise(f"{ADVERT}\n{ADVERT_IN_ZAWGYI}").text == f"{ADVERT}\n{ADVERT}"
    assert normalise(f"{ADVERT_IN_ZAWGYI}\n" + f"{ADVERT}\n" * 5).text == f"{ADVERT}\n" * 6


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from([*map(chr, range(0x1000, 0x10A0)), " ", "\n", "\u200b", "\ufeff", "-"]), max_size=60
    )
)
def test_folding_any_string_of_burmese_signs_twice_is_folding_it_once(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


def test_digits_stay_digits_unless_they_stand_for_a_letter() -> None:
    typed = (
        "\u1021\u101c\u102f\u1015\u1039\u1031\u1001\u105a\u101e\u100a\u1039 \u1047\u101b\u1000"
        "\u1039 \u1043\u1040\u101b\u1000\u1039 \u1047\u1038\u1043\u1040 \u1040\u1004\u1039"
        "\u1031\u1004\u103c"
    )
    assert normalise(typed).text == "အလုပ်ခေါ်သည် 7ရက် 30ရက် 7း30 ဝင်ငွေ"


def test_a_span_of_converted_text_is_the_syllable_as_typed() -> None:
    folded = normalise(ADVERT_IN_ZAWGYI)
    for meant, typed in [
        ("ကုမ္ပ", "\u1000\u102f\u1019\u1078"),
        ("တော်", "\u1031\u1010\u102c\u1039"),
        ("ခေါ်", "\u1031\u1001\u105a"),
    ]:
        start = folded.text.index(meant)
        first, last = folded.received_span(start, start + len(meant))
        assert ADVERT_IN_ZAWGYI[first:last] == typed


EXAMPLES = [
    match[1]
    for path in sorted(CATALOGUE.glob("*/*.yaml"))
    for match in re.finditer("^ +- (.*[\u1000-\u1021].*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
]
"""The catalogue's Burmese examples."""


def test_every_burmese_example_of_the_catalogue_reads_the_same_typed_in_zawgyi() -> None:
    assert len(EXAMPLES) >= 30
    for example in EXAMPLES:
        typed = in_zawgyi(example)
        assert normalise(converted(typed)).text == normalise(example).text
        assert zawgyi.is_zawgyi(typed) or len(re.findall("[\u1000-\u1021]", example)) < 10, example


@pytest.mark.parametrize("entry", ["offer/all_inclusive_package", "role/online_chat_role"])
def test_catalogue_wording_fires_on_its_burmese_examples_typed_in_zawgyi(entry: str, tmp_path: Path) -> None:
    family, indicator = entry.split("/")
    (tmp_path / family).mkdir()
    shutil.copy(CATALOGUE / f"{entry}.yaml", tmp_path / family)
    catalogue = load_catalogue(tmp_path)
    matcher = Matcher(catalogue)
    examples = [example.text for example in catalogue.indicators[indicator].fires if example.language == "my"]
    assert examples
    for example in examples:
        assert fires(matcher, indicator, in_zawgyi(example))
