"""Dates as boards publish them → a day.

The day is the one the page states, in the page's own time zone. Dates that cannot be (1970-01-01,
the year 9999) give None: the raw text stays with the record.
"""

import calendar
import re
import unicodedata
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from crawler.parse.relative import parse_relative

EARLIEST, LATEST = 1990, 2100
_ISO = re.compile(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)(.*)", re.DOTALL)
_ISO_REST = re.compile(r"\s*(?:[T ,]|$)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{4,6}Z?)?")
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ ,T]+\d{1,2}[:.]\d{2}.*)?")
_EPOCH = re.compile(r"\d{9,13}(?:\.\d+)?")
_JAVA = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) \d\d:\d\d:\d\d [A-Z+:\d-]{2,9} (\d{4})")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号]?")
_LABEL = re.compile(
    r"^[^\d:：]{2,40}[:：]\s*|^(?:date\s+)?(?:posted|published|updated|expires?|closing)\s+(?:on|at)?\s*",
    re.IGNORECASE,
)
_MONTHS = {name: n for n, name in enumerate(calendar.month_abbr) if name}
_YEAR = re.compile(r"(?<!\d)(?:19|20|25)\d\d(?!\d)")
_LANGUAGES = (
    (r"[฀-๿]", "th"), (r"[຀-໿]", "lo"), (r"[ក-៿]", "km"), (r"[က-႟]", "my"),
    (r"[ऀ-ॿ]", "hi ne"), (r"[ঀ-৿]", "bn"), (r"[஀-௿]", "ta"), (r"[ఀ-౿]", "te"),
    (r"[඀-෿]", "si"), (r"[؀-ۿ]", "ar fa ur"), (r"[ሀ-፿]", "am"), (r"[Ѐ-ӿ]", "ru uk kk"),
    (r"[가-힣]", "ko"), (r"[぀-ヿ一-鿿]", "zh ja"), (r"[Ͱ-Ͽ]", "el"), (r"[֐-׿]", "he"),
    (r"", "en es pt fr de it nl pl tr vi id ms fil uz sw ro cs hu sv da fi"),
)  # fmt: skip
"""A script's letters → the languages whose months are known; each costs time for a text that is no date."""
_MAX_CHARS, _MAX_WORDS = 80, 48
_MILLISECONDS = 100_000_000_000
_BUDDHIST, _BUDDHIST_AHEAD = 2400, 543


@dataclass
class Patience:
    """How many texts that turn out to be no dates may still be tried word by word, which is slow.

    One per page: a hostile page may hold thousands of them.
    """

    left: int = 20


def parse_date(
    text: str | None, *, today: date | None = None, patience: Patience | None = None
) -> date | None:
    """Read a day out of a short text; relative ones ("2 days ago") only when `today` is known."""
    if not text or len(text) > _MAX_CHARS:
        return None
    text = " ".join(_fold(text).split())
    for reader in (_iso, _epoch, _java, _cjk, _numeric, _mail):
        found = reader(text)
        if found is not None:
            return found[0]
    before = parse_relative(text, today) if today is not None else None
    return before or _in_words(text, patience or Patience())


def _fold(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _day(year: int, month: int, day: int) -> date | None:
    if year >= _BUDDHIST and year < _BUDDHIST + 300:
        year -= _BUDDHIST_AHEAD
    try:
        return date(year, month, day) if EARLIEST <= year <= LATEST else None
    except ValueError:
        return None


Found = tuple[date | None] | None
"""None: another way of reading may fit; (None,): it is of this form but no possible day."""


def _iso(text: str) -> Found:
    match = _ISO.match(text)
    if match is None:
        match = _COMPACT.fullmatch(text)
        return (_day(*map(int, match.groups())),) if match else None
    year, month, day, rest = match.groups()
    return (_day(int(year), int(month), int(day)) if _ISO_REST.match(rest) else None,)


def _epoch(text: str) -> Found:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text)
    if seconds >= _MILLISECONDS:
        seconds /= 1000
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return (moment.date() if EARLIEST <= moment.year <= LATEST else None,)


def _java(text: str) -> Found:
    match = _JAVA.fullmatch(text)
    if match is None or match.group(1) not in _MONTHS:
        return None
    return (_day(int(match.group(3)), _MONTHS[match.group(1)], int(match.group(2))),)


def _cjk(text: str) -> Found:
    match = _CJK.search(text)
    return (_day(*map(int, match.groups())),) if match else None


def _numeric(text: str) -> Found:
    match = _NUMERIC.fullmatch(_LABEL.sub("", text))
    if match is None:
        return None
    first, second, year = (int(part) for part in match.groups())
    if year < 100:  # noqa: PLR2004 - a year of two digits
        year += 2000
    # day first, as most of the world writes; month first only where day first cannot be
    return (_day(year, second, first) or _day(year, first, second),)


def _mail(text: str) -> Found:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return (_day(moment.year, moment.month, moment.day),)


def _in_words(text: str, patience: Patience) -> date | None:
    bare = _LABEL.sub("", text)
    if not _YEAR.search(bare) or len(bare) > _MAX_WORDS or patience.left <= 0:
        return None
    moment = _dateparser(bare)
    patience.left -= moment is None
    return _day(moment.year, moment.month, moment.day) if moment else None


@lru_cache(maxsize=4096)
def _dateparser(text: str) -> datetime | None:
    import dateparser

    settings: dict[str, Any] = {
        "REQUIRE_PARTS": ["day", "month", "year"],
        "DATE_ORDER": "DMY",
        "PREFER_DAY_OF_MONTH": "first",
    }
    names = next(names for letters, names in _LANGUAGES if re.search(letters, text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found: datetime | None = dateparser.parse(text, languages=names.split(), settings=settings)
    return found
