"""Reads Burmese that was typed for a Zawgyi font.

Zawgyi is an older encoding that uses Unicode's Burmese block its own way: marks are stored in the order
they are seen (the vowel ေ before its consonant), asat stands at U+1039, every shape of a letter has a
code point of its own, and stacked letters sit on code points that Unicode gives to Mon, Karen and Shan.
Both encodings look right in their own font and are gibberish in the other; nothing in a text says which
it is. `is_zawgyi` decides; `to_unicode` converts one syllable cluster, what `RUN` matches, at a time, so
that a converted character leads back to a few received ones.
"""

import functools
import re
import warnings

from myanmartools import ZawgyiDetector


def is_zawgyi(text: str) -> bool:
    """Tell whether the Burmese of a text is typed for a Zawgyi font.

    False at once without a sequence that well-formed Unicode cannot have; then a trained model of letter
    pairs judges the whole text, and each long enough line, since posters put both encodings in one advert.
    """
    if text.isascii() or not _BURMESE.search(text) or not _EVIDENCE.search(text):
        return False
    if _probability(text) > _SURE:
        return True
    lines = _LINE.findall(text)
    return len(lines) > 1 and any(
        _EVIDENCE.search(line)
        and len(_LETTER.findall(line)) >= _FEWEST_LETTERS
        and _probability(line) > _SURE
        for line in lines
    )


def runs(text: str) -> list[re.Match[str]]:
    """Give the clusters (`RUN`) to convert: none in a text, or on a line, that is not Zawgyi.

    None either where conversion would not help: what still looks like Zawgyi afterwards was neither encoding.
    """
    if not is_zawgyi(text):
        return []
    found = [
        match
        for line in _LINE.finditer(text)
        if _probability(line[0]) >= _LIKELIER_THAN_NOT
        for match in RUN.finditer(text, *line.span())
    ]
    pieces: list[str] = []
    position = 0
    for match in found:
        pieces += text[position : match.start()], to_unicode(match[0])
        position = match.end()
    return [] if is_zawgyi("".join([*pieces, text[position:]])) else found


@functools.lru_cache(maxsize=4096)
def to_unicode(run: str) -> str:
    """Give a Zawgyi cluster, as `RUN` matches it, in Unicode's code points and order."""
    if run in _WHOLE:
        return _WHOLE[run]
    parts = "".join(_SEEN_AS.get(sign, sign) for sign in run)
    kinzi = _KINZI if _KINZI in parts else ""
    parts = parts.replace(_KINZI, "")
    stacked = "".join(_STACKED.findall(parts))
    rest = _STACKED.sub("", parts)
    letters = "".join(_ZERO_AND_SEVEN.get(sign, sign) for sign in rest if sign not in _ORDER)
    marks = sorted({sign for sign in rest if sign in _ORDER}, key=_ORDER.__getitem__)
    if letters.endswith("\u1025") and (stacked[1:] in _PALATALS or not {_ASAT, "\u102c"}.isdisjoint(marks)):
        letters = letters[:-1] + "\u1009"
    base = kinzi + letters + stacked
    if _asat_closes_base(run, marks):
        marks.remove(_ASAT)
        base += _ASAT
    return _LIGATURE.sub(lambda match: _LIGATURES[match[0]], base + "".join(marks))


@functools.cache
def _detector() -> ZawgyiDetector:
    with warnings.catch_warnings():
        # It opens its data file by a call that Python 3.11 and 3.12 warn of.
        warnings.simplefilter("ignore", DeprecationWarning)
        return ZawgyiDetector()


def _probability(text: str) -> float:
    """Give the probability, 0 to 1, that the Burmese of a text is Zawgyi; below 0 when it has none."""
    return float(_detector().get_zawgyi_probability(text))


def _asat_closes_base(run: str, marks: list[str]) -> bool:
    """Tell whether asat belongs to the letter itself, before its medials and vowels (ယောက်ျား, ကျွန်ုပ်)."""
    if _ASAT not in marks:
        return False
    return _ASAT_BEFORE_YA.search(run) is not None or (
        not {"\u102f", "\u1030"}.isdisjoint(marks) and {"\u102b", "\u102c"}.isdisjoint(marks)
    )


_SURE = 0.95
"""The model gives 0.99 and more for four letters of Zawgyi; Unicode with a typing slip stays below."""
_LIKELIER_THAN_NOT = 0.5
_FEWEST_LETTERS = 10
_ASAT = "\u103a"
_KINZI = "\u1004\u103a\u1039"

_BURMESE = re.compile("[\u1000-\u109f]")
_LETTER = re.compile("[\u1000-\u1021]")
_LINE = re.compile("[^\n\r\u0085\u2028\u2029]+")
_EVIDENCE = re.compile(
    # ေ, or a medial, with no letter before it
    "(?<![\u1000-\u102a\u103a-\u103f\u104e\u1050-\u108e\ua9e0-\ua9ff\uaa60-\uaa7f])[\u1031\u103b-\u103e]"
    # a stacking sign with nothing to stack, even past the space that a cut between clusters leaves
    "|\u1039(?! ?[\u1000-\u102a\u103f\u1050-\u108e])"
    # letters of different rows of the alphabet stacked, which no spelling has
    "|[\u1000-\u1004]\u1039(?! ?[\u1000-\u1004])"
    "|[\u1005-\u100a]\u1039(?! ?[\u1005-\u100a])"
    "|[\u100b-\u100f]\u1039(?! ?[\u100b-\u100f])"
    "|[\u1010-\u1014]\u1039(?! ?[\u1010-\u1014])"
    "|[\u1015-\u1019]\u1039(?! ?[\u1015-\u1019])"
    # asat before a vowel or a medial that follows its letter
    "|\u103a[\u102b-\u102e\u1032\u103c-\u103e]"
    # signs that Burmese in Unicode does not use
    "|[\u1033\u1034\u105a\u1060-\u1097]"
)

_MEDIAL_RA = "\u103b\u107e-\u1084"
_MARKS = "\u102b-\u1030\u1032-\u103a\u103c-\u103e\u105a\u1060-\u1069\u106c\u106d\u1070-\u107d\u1085\u1087-\u108e\u1093-\u1096"
_LETTERS = "\u1000-\u102a\u104e\u106a\u106b\u106e\u106f\u1086\u108f-\u1092\u1097"
RUN = re.compile(
    # the abbreviation ၎င်း begun with a digit four
    "\u1044(?=\u1004\u1039\u1038)"
    # digits zero and seven typed for the letters ဝ and ရ: with a sign of their own (visarga is also a colon in
    # times of day), and zero where a word begins with it
    f"|[\u1031{_MEDIAL_RA}]+[\u1040\u1047][{_MARKS}]*"
    f"|(?<![\u1040-\u1049])(?:[\u1040\u1047](?!\u1038)[{_MARKS}]+|\u1040(?=[{_LETTERS}]))"
    f"|[\u1031{_MEDIAL_RA}]*[{_LETTERS}][{_MARKS}]*|[\u1031{_MARKS}{_MEDIAL_RA}]+"
)
"""A syllable cluster of Zawgyi: signs seen before the letter, the letter, signs after it."""

_ASAT_BEFORE_YA = re.compile("\u1039[\u103a\u107d]")
_STACKED = re.compile("\u1039[\u1000-\u1021]")
_PALATALS = frozenset("\u1005\u1006\u1007\u1008")
_ZERO_AND_SEVEN = {"\u1040": "\u101d", "\u1047": "\u101b"}
_WHOLE = {"\u1044": "\u104e"}

_SEEN_AS = {
    "\u1033": "\u102f",
    "\u1034": "\u1030",
    "\u1039": "\u103a",
    "\u103a": "\u103b",
    "\u103b": "\u103c",
    "\u103c": "\u103d",
    "\u103d": "\u103e",
    "\u105a": "\u102b\u103a",
    "\u1064": _KINZI,
    "\u106a": "\u1009",
    "\u106b": "\u100a",
    "\u106e": "\u100d\u1039\u100d",
    "\u106f": "\u100d\u1039\u100e",
    "\u107d": "\u103b",
    "\u1086": "\u103f",
    "\u1087": "\u103e",
    "\u1088": "\u103e\u102f",
    "\u1089": "\u103e\u1030",
    "\u108a": "\u103d\u103e",
    "\u108b": _KINZI + "\u102d",
    "\u108c": _KINZI + "\u102e",
    "\u108d": _KINZI + "\u1036",
    "\u108e": "\u102d\u1036",
    "\u108f": "\u1014",
    "\u1090": "\u101b",
    "\u1091": "\u100f\u1039\u100d",
    "\u1092": "\u100b\u1039\u100c",
    "\u1094": "\u1037",
    "\u1095": "\u1037",
    "\u1096": "\u1039\u1010\u103d",
    "\u1097": "\u100b\u1039\u100b",
    **{chr(code): "\u103c" for code in range(0x107E, 0x1085)},
    **{
        sign: "\u1039" + letter
        for sign, letter in zip(
            "\u1060\u1061\u1062\u1063\u1065\u1066\u1067\u1068\u1069\u106c\u106d\u1070\u1071\u1072\u1073\u1074"
            "\u1075\u1076\u1077\u1078\u1079\u107a\u107b\u1093\u107c\u1085",
            "\u1000\u1001\u1002\u1003\u1005\u1006\u1006\u1007\u1008\u100b\u100c\u100f\u1010\u1010\u1011\u1011"
            "\u1012\u1013\u1014\u1015\u1016\u1017\u1018\u1018\u1019\u101c",
            strict=True,
        )
    },
}
"""What each Zawgyi code point shows, in Unicode; all others mean the same in both."""

_ORDER = {
    sign: place
    for place, sign in enumerate(
        # medials, ေ, upper vowels, lower vowels, ာ, anusvara, dot below, asat, visarga; asat and dot as NFC has them
        "\u103b\u103c\u103d\u103e\u1031\u102d\u102e\u1032\u102f\u1030\u102b\u102c\u1036\u1037\u103a\u1038"
    )
}

_LIGATURES = {
    "\u1005\u103b": "\u1008",
    "\u101e\u103c\u1031\u102c\u103a": "\u102a",
    "\u101e\u103c": "\u1029",
    "\u1025\u102e": "\u1026",
}
"""Letters that Zawgyi users put together from parts."""
_LIGATURE = re.compile("|".join(_LIGATURES))
