"""Tells which language an advert is in, and never raises.

The script decides Thai, Lao, Khmer, Burmese, Hangul, kana, Sinhala, Tamil, Bengali, Amharic, …; letters and function words
decide between languages that share one; langdetect, seeded and bounded in length, is asked last, because it is slow,
random without a seed, and raises on scripts it does not know. Matching never depends on this guess.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from langdetect.lang_detect_exception import LangDetectException

from model.text.loops import compiled
from model.text.quick_langdetect import detect_languages
from model.text.tokens import TOKEN

_SEED = 0
_LOOKED_AT = 3000
"""Characters that are looked at; a longer advert does not change its language."""
_ASKED_ABOUT = 160
"""Characters given to langdetect."""
_LEAST_ASKED = 12
_SIBLINGS = {"id", "ms"}
_MOST_WORDS = 200
_SURE_VOTES = 2
_MANY_VOTES = 12
"""With so many function words counted the best language is right even where a sibling comes close."""
_LEAST_FOREIGN = 120
"""Shorter texts are not taken for a language outside the list: job titles look like Italian and Catalan."""

_LEAST_DOUBTED, _LEAST_SHARE, _SURELY_FOREIGN = 90, 0.15, 0.79
"""From this length, below this share of function words and from this certainty of langdetect's on, a text is in a language
outside the list: true of no labelled or real advert at hand in a language on it."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The language with its script, and how sure the guess is (0 to 1)."""

    code: str
    script: str
    confidence: float


_SCRIPTS = {
    "Latn": "a-z\u00df-\u024f\u1e00-\u1eff",
    "Cyrl": "\u0400-\u052f",
    "Hani": "\u3400-\u9fff",
    "Jpan": "\u3040-\u30ff",
    "Kore": "\uac00-\ud7a3",
    "Thai": "\u0e01-\u0e5b",
    "Laoo": "\u0e81-\u0edf",
    "Mymr": "\u1000-\u109f",
    "Khmr": "\u1780-\u17ff",
    "Deva": "\u0900-\u097f",
    "Beng": "\u0980-\u09ff",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Sinh": "\u0d80-\u0dff",
    "Ethi": "\u1200-\u137f",
    "Arab": "\u0600-\u06ff",
    "Geor": "\u10a0-\u10ff",
    "Hebr": "\u0590-\u05ff",
    "Grek": "\u0370-\u03ff",
    "Armn": "\u0530-\u058f",
    "Gujr": "\u0a80-\u0aff",
    "Guru": "\u0a00-\u0a7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Orya": "\u0b00-\u0b7f",
    "Tibt": "\u0f00-\u0fff",
    "Mong": "\u1800-\u18af",
}
_OF_SCRIPT = {
    "Jpan": "ja", "Kore": "ko", "Thai": "th", "Laoo": "lo", "Mymr": "my", "Khmr": "km", "Beng": "bn", "Taml": "ta", "Telu": "te",
    "Sinh": "si", "Ethi": "am", "Geor": "ka", "Hebr": "he", "Grek": "el", "Armn": "hy", "Gujr": "gu", "Guru": "pa", "Knda": "kn",
    "Mlym": "ml", "Orya": "or", "Tibt": "bo", "Mong": "mn",
}  # fmt: skip
_WEIGHT = {"Hani": 3.0, "Jpan": 2.0, "Kore": 2.5}
"""Letters of these scripts carry whole syllables or words: three Latin letters weigh one Han character."""


class _ScriptOf(dict[str, str]):
    """Character → script, "" for none; worked out on first sight."""

    _patterns: ClassVar = {script: re.compile(f"[{ranges}]") for script, ranges in _SCRIPTS.items()}

    def __missing__(self, character: str) -> str:
        found = next((script for script, pattern in self._patterns.items() if pattern.match(character)), "")
        self[character] = found
        return found


_SCRIPT_OF = _ScriptOf()
_NUMBERED = ["(none)", "", *_SCRIPTS]
"""Scripts by number for the compiled count; 0 is no script's."""
_FUNCTION_WORDS = {
    "en": "the and of to for in with you your our we is are be will from at have must can who all need work job looking hiring apply salary no or on as this any per month",
    "vi": "không và của có cho các với được là người cần làm tại lương việc tuyển bên mình bạn nhân viên tháng ở ai đi ngày nhà từ đến khong cua cho lam viec tuyen luong",
    "id": "dan yang di untuk dengan dari tidak bisa kami ada ke gaji kerja dibutuhkan lowongan dicari loker usia pengalaman tahun yg utk tdk ga nggak jt karyawan perusahaan wanita pria posisi cari butuh lamaran",
    "ms": "dan yang di untuk dengan dari tidak boleh kami ada ke gaji kerja jawatan kosong pekerja diperlukan syarikat calon umur pengalaman anda hubungi ringgit sebulan kekosongan mencari mana",
    "fil": "ang ng sa mga na at para po kami lang ay may kung hindi naghahanap trabaho kailangan walang sahod ka mo ito yung pwede din rin ako ko naman dito gusto libre kami sweldo",
    "sw": "na ya wa kwa ni za kazi katika la nafasi mshahara tunahitaji wafanyakazi kila mtu pesa kama hii nje cha vya yako sisi tafadhali bila au lazima simu mwezi kampuni",
    "uz": "va uchun bilan kerak ish oylik oyiga bo'yicha tajriba yoki bizga qilish bor dan ga da maosh ishchi kompaniya bepul kuniga yil ham olamiz xodim lozim telefon joy kun",
    "tr": "ve için ile bir bu olarak iş maaş aranıyor alınacaktır deneyim olan ya da çalışma eleman veya gün ay ücretsiz konaklama en çok yeni yok var bizimle personel arıyoruz",
    "es": "de la el en y a para con los las se por un una que trabajo empleo salario experiencia buscamos sueldo del al mes sin más somos requisitos oferta necesita",
    "pt": "de a o e em para com os as que um uma não por vaga vagas trabalho salário experiência da do na no mês sem mais empresa contrata oportunidade você seu são nós",
    "fr": "de la le les et en pour avec des un une du vous nous est sur au par emploi travail salaire recherche poste mois sans offre recrute expérience profil à ou qui",
    "de": "und der die das für mit wir sie von zu den ist im ein eine suchen arbeit stelle als bei auf oder werden erfahrung gehalt unser ihr",
    "pl": "i w na z do dla nie się praca pracy oferujemy od jest oraz o po lub zł wynagrodzenie szukamy doświadczenie firma umowa miesiąc za u bez",
}
_VOTES: dict[str, tuple[str, ...]] = {}
for _language, _words in _FUNCTION_WORDS.items():
    for _word in _words.replace("'", " ").split():
        _VOTES[_word] = (*_VOTES.get(_word, ()), _language)
_TELLING = {
    letter: (language, weight)
    for letters, language, weight in (
        ("ơưđăạảấầẩẫậắằẳẵặẹẻẽềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "vi", 1.0),
        ("ğışİ", "tr", 1.0),
        ("ąęłńśźż", "pl", 1.5),
        ("ãõ", "pt", 1.0),
        ("ñ¿¡", "es", 1.5),
        ("èêœ", "fr", 0.6),
        ("äß", "de", 1.0),
    )
    for letter in letters
}
"""Letter → the language it speaks for, and how loudly."""
_UZBEK_PAIRS = tuple(letter + mark for letter in "og" for mark in "'ʻ‘’")
_UZBEK_LETTER = re.compile("(?:o|g)['ʻ‘’][a-z]")
_CYRILLIC = [
    (re.compile("[ўҳ]"), "uz", 3.0),
    (re.compile("[әіңұүөһ]"), "kk", 3.0),
    (re.compile("[ґєї]"), "uk", 1.5),
    (re.compile("[ыэё]|(?:^| )(?:и|в|на|с|для|по|от|не|без|работа|зарплата)(?= )"), "ru", 0.7),
]
_KAZAKH_ONLY = re.compile(r"[әңұһ]|\b(?:және|керек|үшін|айына|жұмыс|жақсы)\b")
_URDU = re.compile("[ٹڈڑںےہھگپچ]")
_PERSIAN = re.compile("[گپچژ]")
_URDU_ONLY = re.compile("[ٹڈڑںےہھ]")
_NEPALI = re.compile(
    "(?:^| )(?:छ|छन्|को|मा|लाई|हुन्छ|गर्न|गर्ने|लागि|चाहियो|तलब|पनि|हामी|रु)(?= |$|।)|(?:मा|को|लाई|बाट|हरू|हुनेछ|गर्नुहोस्|सक्नुहुन्छ)(?= |$|।)"
)
_HINDI = re.compile("(?:^| )(?:है|हैं|के|का|की|में|से|और|लिए|को|नहीं|चाहिए|पर|वेतन|नौकरी|काम)(?= |$|।)")
_TRADITIONAL = re.compile(
    "[們來個這為國說時會後學對過還沒開關門間問電話錢資訊請應徵機車東業專員點單體驗號證聯繫職務經歷萬誠環園區廳樂歡與讓將並從無線網]"
)
_SIMPLIFIED = re.compile(
    "[们来个这为国说时会后学对过还没开关门间问电话钱资讯请应机车东业专员点单体验号证联系职务经历万诚环园区厅乐欢与让将并从无线网]"
)
_CONFUSED = {"tl": "fil", "in": "id", "zh-cn": "zh", "zh-tw": "zh", "iw": "he"}


def guess_language(text: str, words: Sequence[str] | None = None) -> LanguageGuess:  # noqa: PLR0911 - one question per script, in order
    """Guess the language of a text as received or folded; `und` when there are no letters.

    `words` are its tokens where they are at hand already.
    """
    looked = text[:_LOOKED_AT].lower()
    weights = {
        script: count * _WEIGHT.get(script, 1.0) for script, count in _count_scripts(looked).items() if script
    }
    if not weights:
        return LanguageGuess("und", "Zyyy", 0.0)
    script, weight = max(weights.items(), key=lambda pair: pair[1])
    # Job titles are often English: a script of the region counts double against Latin.
    others = {s: w for s, w in weights.items() if s != "Latn"}
    if script == "Latn" and others:
        other, other_weight = max(others.items(), key=lambda pair: pair[1])
        if other_weight * 2.5 >= weight:
            script, weight = other, other_weight
    share = weight / sum(weights.values())
    if script in {"Hani", "Jpan"}:
        return _east_asian(looked, weights, share)
    if script in _OF_SCRIPT:
        return LanguageGuess(_OF_SCRIPT[script], script, round(0.6 + 0.4 * share, 3))
    if script == "Cyrl":
        return _cyrillic(looked)
    if script == "Deva":
        return _devanagari(looked)
    if script == "Arab":
        return _arabic(looked)
    return _latin(looked, TOKEN.findall(looked) if words is None else words[:_MOST_WORDS])


def _count_scripts(text: str) -> dict[str, int]:
    """Give how many characters each script has, "" for those of none."""
    if compiled is None:
        return count_scripts_by_character(text)
    tallied = compiled.tally(text, _script_number, len(_NUMBERED))
    return {script: count for script, count in zip(_NUMBERED, tallied, strict=True) if count}


def count_scripts_by_character(text: str) -> dict[str, int]:
    """Do the compiled tally's work in plain Python."""
    counts: dict[str, int] = defaultdict(int)
    for character, count in Counter(text).items():
        counts[_SCRIPT_OF[character]] += count
    return dict(counts)


def _script_number(character: str) -> int:
    return _NUMBERED.index(_SCRIPT_OF[character])


def _east_asian(text: str, weights: dict[str, float], share: float) -> LanguageGuess:
    if weights.get("Jpan", 0.0) * 5 >= weights.get("Hani", 0.0):
        return LanguageGuess("ja", "Jpan", round(0.6 + 0.4 * share, 3))
    traditional, simplified = len(_TRADITIONAL.findall(text)), len(_SIMPLIFIED.findall(text))
    return LanguageGuess("zh", "Hant" if traditional > simplified else "Hans", round(0.6 + 0.4 * share, 3))


def _cyrillic(text: str) -> LanguageGuess:
    votes = {language: len(pattern.findall(text)) * weight for pattern, language, weight in _CYRILLIC}
    if not _KAZAKH_ONLY.search(text):
        votes["kk"] = 0.0
    language, count = max(votes.items(), key=lambda pair: pair[1])
    if count == 0:
        language = "ru"
    return LanguageGuess(language, "Cyrl", 0.9 if count >= _SURE_VOTES else 0.6)


def _devanagari(text: str) -> LanguageGuess:
    nepali, hindi = len(_NEPALI.findall(text)), len(_HINDI.findall(text))
    language = "ne" if nepali > hindi else "hi"
    return LanguageGuess(language, "Deva", 0.9 if abs(nepali - hindi) >= _SURE_VOTES else 0.6)


def _arabic(text: str) -> LanguageGuess:
    if _URDU_ONLY.search(text):
        return LanguageGuess("ur", "Arab", 0.9)
    if _PERSIAN.search(text):
        return LanguageGuess("fa", "Arab", 0.6)
    return LanguageGuess("ar", "Arab", 0.9)


def _votes(text: str, counts: Counter[str]) -> dict[str, float]:
    """Give how loudly function words and letters speak for each language."""
    votes: dict[str, float] = defaultdict(float)
    for token, times in counts.items():  # in the order of the text, which settles ties
        for language in (languages := _VOTES.get(token, ())):
            votes[language] += times / len(languages)
    for letter in sorted(_TELLING.keys() & set(text)) if not text.isascii() else ():
        language, weight = _TELLING[letter]
        votes[language] += text.count(letter) * weight
    if any(pair in text for pair in _UZBEK_PAIRS):
        votes["uz"] += len(_UZBEK_LETTER.findall(text))
    return votes


def _latin(text: str, words: Sequence[str]) -> LanguageGuess:
    counts = Counter(words)
    ranked = sorted(_votes(text, counts).items(), key=lambda pair: -pair[1])[:2]
    best, count = ranked[0] if ranked else ("und", 0.0)
    runner_up = ranked[1][1] if len(ranked) > 1 else 0.0
    ask = cache(lambda: _ask(text))
    foreign = _foreign(ask, best, counts, len(words)) if len(text) >= _LEAST_DOUBTED else None
    if foreign is not None:
        return foreign
    if count >= _SURE_VOTES and {best, ranked[-1][0]} == _SIBLINGS:
        runner_up = 0.0  # Malay and Indonesian share most function words; langdetect knows only one of them
    if count >= _MANY_VOTES or (count >= _SURE_VOTES and count >= 1.3 * runner_up):
        return LanguageGuess(best, "Latn", round(min(0.99, 0.6 + 0.4 * count / (count + runner_up + 1)), 3))
    asked = ask()
    if asked is not None and asked[0] not in _FUNCTION_WORDS and len(text) < _LEAST_FOREIGN:
        asked = None
    if asked is not None and (asked[0] == best or count < 1):
        return LanguageGuess(asked[0], "Latn", asked[1])
    if count > 0:
        return LanguageGuess(best, "Latn", 0.5)
    return LanguageGuess("en", "Latn", 0.3)


def _foreign(
    ask: Callable[[], tuple[str, float] | None], best: str, counts: Counter[str], n_words: int
) -> LanguageGuess | None:
    """Tell which language outside the list a text is in that has too few function words of its best guess; None when in none.

    Swedish has the `i` and `w` of Polish here and there; Polish has one in every seventh word.
    """
    n_own = sum(times for token, times in counts.items() if best in _VOTES.get(token, ()))
    if n_own >= _LEAST_SHARE * n_words:
        return None
    asked = ask()
    if asked is None or asked[0] in _FUNCTION_WORDS or asked[1] < _SURELY_FOREIGN:
        return None
    return LanguageGuess(asked[0], "Latn", asked[1])


def _ask(text: str) -> tuple[str, float] | None:
    """Ask langdetect about the first characters; None when it cannot say."""
    if len(text) < _LEAST_ASKED:
        return None
    try:
        ranked = detect_languages(text[:_ASKED_ABOUT], seed=_SEED)
    except LangDetectException:
        return None
    if not ranked:
        return None
    code = _CONFUSED.get(ranked[0].lang, ranked[0].lang)
    return code, round(float(ranked[0].prob) * 0.8, 3)
