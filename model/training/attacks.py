"""What posters do to slip past filters, as deterministic transformations of a text.

A person still reads the result as the same advert; a detector should too. Each keeps the wording and changes the letters.
"""

import re
from collections.abc import Callable

_CYRILLIC_TWINS = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")
_LATIN_TWINS = str.maketrans("асеорхуАВСЕНКМОРТХ", "aceopxyABCEHKMOPTX")
_BOLD = {ord("A") + i: 0x1D400 + i for i in range(26)} | {ord("a") + i: 0x1D41A + i for i in range(26)}
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_KEYCAPS = {ord(digit): f"{digit}\ufe0f\u20e3" for digit in "0123456789"}
_WORD = re.compile(r"[^\W\d_]{4,}")
_SPACED_WORD = re.compile(r"\b[a-zа-яё]{5,12}\b", re.IGNORECASE)
_HANDLE = re.compile(r"@(\w+)")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


def look_alikes(text: str) -> str:
    """Put Cyrillic letters into every second Latin word, and the other way round."""

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        if match.start() % 2:
            return word
        return (
            word[:1]
            + (
                word[1:-1].translate(_CYRILLIC_TWINS)
                if word.isascii()
                else word[1:-1].translate(_LATIN_TWINS)
            )
            + word[-1:]
        )

    return _WORD.sub(swap, text)


def zero_width(text: str) -> str:
    """Put a zero-width space after every third letter of words in spaced scripts, after every second character elsewhere."""
    return "".join(
        c + ("\u200b" if c.isalpha() and i % (2 if _UNSPACED.match(c) else 3) == 0 else "")
        for i, c in enumerate(text)
    )


def spaced_letters(text: str) -> str:
    """Set the letters of the first three longer words apart."""
    return _SPACED_WORD.sub(lambda match: " ".join(match[0]), text, count=3)


def emoji_digits(text: str) -> str:
    """Write digits as keycaps."""
    return text.translate(_KEYCAPS)


def bold_letters(text: str) -> str:
    """Write Latin letters in mathematical bold."""
    return text.translate(_BOLD)


def full_width(text: str) -> str:
    """Write ASCII in full width."""
    return text.translate(_FULL_WIDTH)


def repeated_letters(text: str) -> str:
    """Draw out the last letter of longer Latin words in the first half."""
    half = len(text) // 2
    return re.sub(r"\b([A-Za-z]{4,})\b", lambda m: m[0] + m[0][-1] * 3 if m.start() < half else m[0], text)


def capitals(text: str) -> str:
    """Shout."""
    return text.upper()


def decorated(text: str) -> str:
    """Hang emoji and rules around every line."""
    return "\n".join(f"🔥✨ {line} ✨🔥\n➖➖➖" for line in text.splitlines())


def told_handles(text: str) -> str:
    """Tell a handle in words instead of writing it."""
    return _HANDLE.sub(lambda match: f"tele gram: {match[1].replace('_', ' _ ')}", text)


def mixed_code(text: str) -> str:
    """Lead in and out with English, as bilingual groups do."""
    return f"Hello guys, good morning! {text} Thank you, pm for more info ok"


ATTACKS: dict[str, Callable[[str], str]] = {
    "look-alike letters": look_alikes,
    "zero-width characters": zero_width,
    "spaced letters": spaced_letters,
    "emoji digits": emoji_digits,
    "bold letters": bold_letters,
    "full width": full_width,
    "repeated letters": repeated_letters,
    "capitals": capitals,
    "decoration": decorated,
    "handles told in words": told_handles,
    "code-mixed frame": mixed_code,
}
"""Name → transformation; all of them deterministic."""
