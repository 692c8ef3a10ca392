"""Cuts folded text into tokens, one way for every script.

Scripts that write no spaces (Han, kana, Thai, Lao, Khmer, Burmese) and Hangul, whose particles stick
to the word, are cut into letters with their marks, so that a phrase is found wherever it stands, and
code-mixed text needs no guess about its language. Other scripts are cut into words; numbers are one
token each. Punctuation, emoji and spaces part tokens and are not tokens themselves.
"""

import re
import unicodedata
from collections.abc import Sequence

from model.text.loops import compiled

_UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"  # Thai letters and free-standing vowels
    "\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"  # Lao
    "\u1000-\u102a\u103f\u1050-\u1055"  # Burmese
    "\u1780-\u17b3\u17d7\u17dc"  # Khmer
    "\u3005\u3007\u3040-\u3098\u309b-\u30ff\u31f0-\u31ff"  # kana, with the iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # Han
    "\uac00-\ud7a3"  # Hangul
)
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x3100) if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
TOKEN = re.compile(
    rf"[{_UNSPACED}][{_MARKS}]*"
    r"|[0-9]+(?:[.,][0-9]+)*"
    rf"|[^\W\d_{_UNSPACED}](?:[^\W\d_{_UNSPACED}]|[{_MARKS}])*"
)
"""A letter with its marks of an unspaced script, a number, or a word."""

_ASCII_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[a-zA-Z]+")
"""The same tokens where there is nothing but ASCII, at half the cost."""
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_MARK = re.compile(f"[{_MARKS}]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


def is_unspaced(token: str) -> bool:
    """Tell whether a token is a letter of a script written (or here read) without spaces."""
    return _IS_UNSPACED.match(token) is not None


def mostly_unspaced(words: Sequence[str]) -> bool:
    """Tell whether more than half of these tokens are such letters."""
    return 2 * len(_IS_UNSPACED.findall("".join([word[0] for word in words]))) > len(words)


def is_hangul(token: str) -> bool:
    """Tell whether a token is a Hangul syllable."""
    return _HANGUL.match(token) is not None


def tokenise(text: str) -> tuple[list[str], list[int], list[int]]:
    """Give the tokens of folded text with their first character and the one past their last."""
    return cut_by_pattern(text) if compiled is None else compiled.cut(text, _class_of)


def cut_by_pattern(text: str) -> tuple[list[str], list[int], list[int]]:
    """Do `tokenise`'s work without a compiled loop, and say what that is held to."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in (_ASCII_TOKEN if text.isascii() else TOKEN).finditer(text):
        words.append(match[0])
        start, end = match.span()
        starts.append(start)
        ends.append(end)
    return words, starts, ends


def _class_of(character: str) -> int:
    """Name a character's part in `TOKEN`, by the numbers that `model.text.compiled` knows."""
    if character in "0123456789":
        return 3
    if _IS_UNSPACED.match(character):
        return 5
    if _MARK.match(character):
        return 4
    return 2 if TOKEN.match(character) else 1
