"""Amounts as people write them → a number.

`1.234.567,89`, `1,234,567.89`, `12 000`, `१२,०००`, `25tr`, `90k`, `1.5万`, `50 тыс`: which mark
separates thousands and which decimals is read from the shape of the number itself.
"""

import re
import unicodedata

_NUMBER = r"\d{1,3}(?:[ .,'’\u00a0\u202f\u2009]\d{3})+(?:[.,]\d{1,2})?(?![\d])|\d{1,3}(?:,\d{2})+,\d{3}|\d+(?:[.,]\d{1,4})?"
SCALES = {
    "k": 1e3, "rb": 1e3, "ribu": 1e3, "mil": 1e3, "тыс": 1e3, "тис": 1e3, "nghìn": 1e3, "ngàn": 1e3, "ng": 1e3, "พัน": 1e3, "bin": 1e3,
    "千": 1e3, "천": 1e3, "ألف": 1e3, "हजार": 1e3, "tr": 1e6, "triệu": 1e6, "trieu": 1e6, "jt": 1e6, "juta": 1e6, "m": 1e6, "mn": 1e6,
    "млн": 1e6, "مليون": 1e6, "ล้าน": 1e6, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "لاکھ": 1e5, "लाख": 1e5, "หมื่น": 1e4, "แสน": 1e5,
    "万": 1e4, "萬": 1e4, "만": 1e4, "w": 1e4, "သိန်း": 1e5,
}  # fmt: skip
"""What a word or letter right after a number multiplies it by."""
_SCALE = "|".join(sorted((re.escape(name) for name in SCALES), key=len, reverse=True))
_BEFORE = r"(?:(?<![\w.,])|(?<=[^\x00-\x7f])|(?<=\b[rsp])|(?<=\b(?:rp|rm|rs|us|kr))|(?<=\b(?:usd|eur|gbp|idr|myr|php|thb|inr|aed|sar|cny|rmb|krw)))"
"""A number begins a word, or follows a currency or a letter of a script that is written without spaces."""
AMOUNT = re.compile(rf"{_BEFORE}({_NUMBER})(?:\s?({_SCALE})(?![a-zà-ɏḁ-ỹа-я]))?", re.IGNORECASE)
"""A number with the word that scales it, if any."""
_ONLY = re.compile(rf"\s*({_NUMBER})(?:\s?({_SCALE}))?\.?\s*", re.IGNORECASE)
_LIMIT = 1e15
_GROUP = 3
"""Digits between two marks for thousands."""


def fold_digits(text: str) -> str:
    """Write the digits of every script as 0-9, one character for one."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() and not char.isascii() else char for char in text
    )


def parse_amount(text: str) -> float | None:
    """Read a text that is one amount and nothing else; None otherwise."""
    match = _ONLY.fullmatch(fold_digits(text))
    return amount_of(match.group(1), match.group(2)) if match else None


def amount_of(digits: str, scale: str | None = None) -> float | None:
    """Give the value of a number as `AMOUNT` matched it."""
    value = float(_plain_number(digits)) * SCALES.get((scale or "").lower(), 1.0)
    return value if value < _LIMIT else None


def _plain_number(digits: str) -> str:
    digits = re.sub(r"[ '’\u00a0\u202f\u2009]", "", digits)
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
        thousands = "." if decimal == "," else ","
        if digits.count(decimal) > 1:
            return digits.replace(",", "").replace(".", "")
        return digits.replace(thousands, "").replace(decimal, ".")
    mark = "," if comma >= 0 else "."
    if digits.count(mark) > 1:
        return digits.replace(mark, "")
    head, _mark, tail = digits.partition(mark)
    groups = len(tail) == _GROUP and head.strip("0") and len(head) <= _GROUP
    return head + tail if groups else digits.replace(mark, ".")
