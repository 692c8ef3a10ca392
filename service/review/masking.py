"""Finds ways to answer inside an advert's text, so that they can be hidden or made fictional.

Errs on the side of masking: a number with as many digits as a phone number is taken for one
unless it ends in 000 (pay) or reads as an amount.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_DIGITS = r"\d"
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("url", re.compile(r"(?:https?://|www\.)[^\s<>\"'，。）)]+|\b(?:t|wa|line)\.me/[^\s<>\"'，。）)]+", re.IGNORECASE)),
    ("handle", re.compile(r"(?<![\w.])@\s?[A-Za-z][\w.]{2,}")),
    (
        "handle",
        re.compile(
            r"(?:telegram|tele|tg|wechat|weixin|微信|薇信|vx|line|zalo|skype|viber|kakao|카톡|飞机|纸飞机|ไลน์|лайн)"
            r"(?:\s?(?:id|号|號))?\s?[:：]\s?(?P<value>@?[A-Za-z0-9][\w.-]{3,})",
            re.IGNORECASE,
        ),
    ),
    ("phone", re.compile(rf"(?<![\w.,])[+＋(]?{_DIGITS}(?:[\s().·-]{{0,2}}{_DIGITS}){{6,16}}(?![\w])")),
)
FICTIONAL = {"email": "name@example.com", "url": "https://example.com/", "handle": "@example_contact"}


@dataclass(frozen=True)
class Found:
    """One way to answer, in code points of the text."""

    kind: str
    start: int
    end: int


def find_contacts(text: str, *, known: Iterable[str] = ()) -> list[Found]:
    """Give the ways to answer in the text, in order and without overlap; `known` values are found anywhere."""
    found = [
        Found("handle", match.start(), match.end())
        for value in {value for value in known if len(value) > 3}  # noqa: PLR2004
        for match in re.finditer(re.escape(value), text, re.IGNORECASE)
    ]
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            if kind == "phone" and not _is_phone(match.group()):
                continue
            group = "value" if "value" in pattern.groupindex else 0
            found.append(Found(kind, match.start(group), match.end(group)))
    return _without_overlap(found)


def hide_contacts(text: str, *, known: Iterable[str] = ()) -> str:
    """Give the text with every contact dotted out, no character moved, so that spans still fit."""
    letters = list(text)
    for contact in find_contacts(text, known=known):
        letters[contact.start : contact.end] = "•" * (contact.end - contact.start)
    return "".join(letters)


def fictional_contacts(text: str, *, known: Iterable[str] = ()) -> str:
    """Give the text with every contact made fictional: a phone keeps its shape, its digits become 0."""
    pieces, position = [], 0
    for contact in find_contacts(text, known=known):
        written = text[contact.start : contact.end]
        pieces += [text[position : contact.start], FICTIONAL.get(contact.kind) or re.sub(_DIGITS, "0", written)]
        position = contact.end
    return "".join([*pieces, text[position:]])


def _is_phone(written: str) -> bool:
    digits = "".join(letter for letter in written if letter.isdigit())
    return not (digits.endswith("000") or re.fullmatch(r"\d{1,3}([. ]\d{3})+", written))


def _without_overlap(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for contact in sorted(found, key=lambda contact: (contact.start, -contact.end)):
        if not kept or contact.start >= kept[-1].end:
            kept.append(contact)
    return kept
