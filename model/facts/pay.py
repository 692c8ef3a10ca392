"""Reads pay out of an advert: ranges, currencies, periods and local shorthand, as one monthly figure in US dollars.

`25tr`, `月薪10萬起跳`, `월 800`, `Rs 40k`, `7–16 jt`, `3000–5000 доллар` are all pay; ages, phone numbers, hours and
years are not. How money is written and what it is worth is data (`money.yaml`, dated); an amount that could
be either of two currencies is left out rather than guessed.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import yaml

from model.schema.advert import PayPeriod
from model.text.normalise import NormalText, normalise

_HOURS_A_MONTH = 173.3
"""40 hours a week; ILO, Hours of Work (Industry) standards, 52 weeks / 12 months."""
MONTHS = {
    PayPeriod.HOUR: _HOURS_A_MONTH,
    PayPeriod.DAY: 26.0,
    PayPeriod.WEEK: 52 / 12,
    PayPeriod.MONTH: 1.0,
    PayPeriod.YEAR: 1 / 12,
}
"""How many of each period a month's work has."""
_PLAUSIBLE_USD = (8.0, 60_000.0)
"""A month's pay outside this is a misread number."""
_MOST_NUMBERS = 80
_NEAR = 18


@dataclass(frozen=True, slots=True)
class PayFound:
    """One amount or range, where it stands in the folded text, and what it comes to."""

    start: int
    end: int
    low: float
    high: float
    currency: str
    period: PayPeriod | None
    monthly_usd: tuple[float, float]
    """Low and high per month in US dollars; a missing period is read as a month."""


class _Amount(NamedTuple):
    start: int
    end: int
    number: float
    multiplier: float
    currency: str | None
    multiplier_word: str | None

    @property
    def value(self) -> float:
        return self.number * self.multiplier


@functools.cache
def _money() -> dict[str, Any]:
    path = resources.files("model.facts").joinpath("money.yaml")
    return dict(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))


def rates_date() -> str:
    """Give the day of the bundled exchange rates."""
    return str(_money()["rates_date"])


@functools.cache
def currency_home(currency: str) -> str | None:
    """Give the one country whose people a currency speaks to, if it has one."""
    homes = _money()["currencies"].get(currency, {}).get("local", [])
    return homes[0] if len(homes) == 1 else None


def usd_rate(currency: str) -> float | None:
    """Give what one unit is worth in US dollars, None for an unknown currency."""
    entry = _money()["currencies"].get(currency)
    return float(entry["usd"]) if entry else None


def find_pay(text: NormalText, *, language: str, script: str = "") -> list[PayFound]:
    """Find the pay an advert names, in reading order. `language` and `script` settle what `Rs` or `$` means."""
    tongue = _Tongue.of(language, script)
    amounts = [amount for match in _numbers(text.text) if (amount := tongue.read(text.text, match))]
    found = []
    index = 0
    while index < len(amounts):
        first = amounts[index]
        second = amounts[index + 1] if index + 1 < len(amounts) else None
        if (
            second is not None
            and second.start - first.end <= _WIDEST_DASH
            and _RANGE.fullmatch(text.text, first.end, second.start)
        ):
            index += 2
            pay = tongue.judge(text.text, first, second)
        else:
            index += 1
            pay = tongue.judge(text.text, first, first)
        if pay is not None:
            found.append(pay)
    return found


def _numbers(text: str) -> Iterable[re.Match[str]]:
    for count, match in enumerate(_NUMBER.finditer(text)):
        if count >= _MOST_NUMBERS:
            return
        yield match


@dataclass(frozen=True)
class _Tongue:
    """How one language writes money."""

    language: str
    script: str
    overrides: dict[str, str]
    implied: dict[str, str]
    """Multiplier word → currency it implies."""
    home: str | None
    """Currency of a bare number beside a pay word."""

    @classmethod
    @functools.lru_cache(maxsize=256)
    def of(cls, language: str, script: str) -> "_Tongue":
        money = _money()
        overrides = {normalise(k).text: v for k, v in money["by_language"].get(language, {}).items()}
        implied = {
            normalise(word).text: currency
            for currency, words in money["implied"].get(language, {}).items()
            for word in words
        }
        if script == "Hant":
            implied = dict.fromkeys(implied, "TWD")
            overrides = {**overrides, "元": "TWD", "块": "TWD", "$": "TWD"}
        return cls(language, script, overrides, implied, next(iter(implied.values()), None))

    def read(self, text: str, match: re.Match[str]) -> _Amount | None:
        number = _value(match[0])
        start, end = match.span()
        if text[end : end + 1] in {"%", "％"} or text[end : end + 1] == ":" or number is None:
            return None
        words = _words()
        multiplier_word = currency_word = None
        after = words.multiplier.match(text, end)
        if after:
            multiplier_word, end = after[1], after.end()
        after = words.currency.match(text, end)
        if after:
            currency_word, end = after[1], after.end()
            if multiplier_word is None and (late := words.multiplier.match(text, end)):
                multiplier_word, end = late[1], late.end()
        ends_with = text[max(0, start - 3) : start].rstrip(" :.")[-1:]
        if (
            multiplier_word is None
            and _UNIT_FIRST.match(ends_with)
            and (before := words.multiplier_before.search(text, max(0, start - 8), start))
        ):
            multiplier_word, start = before[1], before.start()
            ends_with = text[max(0, start - 3) : start].rstrip(" :.")[-1:]
        if (
            currency_word is None
            and ends_with in words.currency_ends
            and (before := words.currency_before.search(text, max(0, start - 12), start))
        ):
            currency_word, start = before[1], before.start()
        currency = None
        if currency_word is not None:
            currency = self.overrides.get(currency_word) or words.currencies[currency_word]
        multiplier = words.multipliers[multiplier_word] if multiplier_word else 1.0
        return _Amount(start, end, number, multiplier, currency, multiplier_word)

    def judge(self, text: str, low: _Amount, high: _Amount) -> PayFound | None:
        """Decide whether one or two amounts are pay, and in what."""
        start, end = low.start, high.end
        bare = (
            low.currency is None
            and high.currency is None
            and not (low.multiplier_word or high.multiplier_word)
        )
        if bare and (self.home is None or high.number < _LEAST_NAMED):
            return None
        currency = high.currency or low.currency
        word = high.multiplier_word or low.multiplier_word
        if currency is None and word is not None:
            currency = self.implied.get(word)
        if currency is None and (word or not self.home):
            return None
        period, named = self._period(text, start, end)
        multiplier = max(low.multiplier, high.multiplier)
        if currency is None and named and self.home:
            currency = self.home
            if currency == "KRW" and 100 <= high.number < 10_000:  # noqa: PLR2004 - 월 500 means 500만
                multiplier = 10_000.0
            elif max(low.number, high.number) < _LEAST_BARE:
                return None
        rate = usd_rate(currency) if currency else None
        if currency is None or rate is None or _looks_like_year(low, high, named=named):
            return None
        values = sorted(
            (
                _scaled(low, multiplier, high),
                high.number * max(high.multiplier, multiplier if high is low else high.multiplier),
            )
        )
        if currency == "KRW" and multiplier == 10_000.0:  # noqa: PLR2004
            values = sorted((low.number * multiplier, high.number * multiplier))
        usd = [value * rate * MONTHS.get(period or PayPeriod.MONTH, 1.0) for value in values]
        if not _PLAUSIBLE_USD[0] <= usd[1] <= _PLAUSIBLE_USD[1]:
            return None
        return PayFound(start, end, values[0], values[1], currency, period, (usd[0], usd[1]))

    @staticmethod
    def _period(text: str, start: int, end: int) -> tuple[PayPeriod | None, bool]:
        """Find what the amount is paid for, and whether a word beside it says it is pay at all."""
        words = _words()
        after = words.period.search(text, end, min(len(text), end + _NEAR))
        if after is not None and _COUNTED.search(text[end : after.start()]):
            after = None
        before = None
        for match in words.period.finditer(text, max(0, start - _NEAR), start):
            if not _COUNTED.search(text[max(0, match.start() - 4) : match.start()]):
                before = match
        named = before is not None or words.pay.search(text, max(0, start - _NEAR), start) is not None
        if after is not None and (before is None or after.start() - end <= start - before.end()):
            return words.periods[after[1]], True
        if before is not None:
            return words.periods[before[1]], True
        return None, named


def _scaled(low: _Amount, multiplier: float, high: _Amount) -> float:
    """Give the low end; `7-16 jt` multiplies both, `900-1.2k` does not make 900 thousand."""
    if low is high or low.multiplier != 1.0:
        return low.value
    return low.number * multiplier if low.number < high.number or multiplier == 1.0 else low.number


def _looks_like_year(low: _Amount, high: _Amount, *, named: bool) -> bool:
    bare = low.currency is None and high.currency is None and high.multiplier == 1.0
    return bare and not named and 1900 <= high.number <= 2100  # noqa: PLR2004


def _value(digits: str) -> float | None:
    if digits.isdigit() and len(digits) <= _MOST_DIGITS and digits[0] != "0":
        return float(digits)
    if _GROUPED.fullmatch(digits):
        return float(re.sub("[., ']", "", digits))
    if (full := _GROUPED_CENTS.fullmatch(digits)) is not None:
        return float(re.sub("[., ']", "", full[1]) + "." + full[2])
    plain = digits.replace(",", ".")
    if (
        _SEPARATED.search(plain) is not None
        or plain.count(".") > 1
        or len(plain) > _MOST_DIGITS
        or (len(plain) > 1 and plain[0] == "0" and plain[1] != ".")
    ):
        return None
    return float(plain)


@dataclass(frozen=True)
class _Words:
    multiplier: re.Pattern[str]
    multipliers: dict[str, float]
    multiplier_before: re.Pattern[str]
    currency: re.Pattern[str]
    currency_before: re.Pattern[str]
    currencies: dict[str, str]
    currency_ends: frozenset[str]
    """Last letters of currency words."""
    period: re.Pattern[str]
    periods: dict[str, PayPeriod]
    pay: re.Pattern[str]


@functools.cache
def _words() -> _Words:
    money = _money()
    multipliers = {
        _fold(word): float(factor) for factor, words in money["multipliers"].items() for word in words
    }
    currencies: dict[str, str] = {}
    for code, entry in money["currencies"].items():
        for word in entry["words"]:
            currencies.setdefault(_fold(word), code)
    periods: dict[str, PayPeriod] = {}
    for name, words in money["periods"].items():
        for word in words:
            periods.setdefault(_fold(word), PayPeriod(name))
    pay = [_fold(word) for word in money["pay_words"]]
    return _Words(
        multiplier=re.compile(rf"[ ]?({_any(multipliers)})"),
        multipliers=multipliers,
        # Burmese and Khmer put the unit first: သိန်း ၃၀ is 30 lakh.
        multiplier_before=re.compile(
            rf"({_any(word for word in multipliers if _UNIT_FIRST.match(word))}) ?\Z"
        ),
        currency=re.compile(
            rf"[ ]?({_any(word for word in currencies if not word.endswith('/') and word != 'p')})"
        ),
        currency_before=re.compile(rf"{_WORD_BEGINS}({_any(currencies)})[ :.]{{0,2}}\Z"),
        currencies=currencies,
        currency_ends=frozenset(word[-1] for word in currencies),
        period=re.compile(rf"{_WORD_BEGINS}({_any(periods)})"),
        periods=periods,
        pay=re.compile(_WORD_BEGINS + _any(pay)),
    )


def _fold(word: str) -> str:
    return normalise(str(word)).text


def _any(words: Iterable[str]) -> str:
    """Give a pattern for any of the words, the longest first, ending where the script's words end."""
    tree: dict[str, Any] = {}
    for word in set(words):
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = word
    return _branch(tree)


def _branch(tree: dict[str, Any]) -> str:
    """Write a tree of letters as one pattern that never tries a letter twice: some hundred words at the cost of one."""
    longer = [re.escape(letter) + _branch(rest) for letter, rest in sorted(tree.items()) if letter]
    if "" not in tree:
        return longer[0] if len(longer) == 1 else "(?:" + "|".join(longer) + ")"
    word = tree[""]
    stop = r"(?![^\W\d_])" if _SPACED.match(word[-1]) else "(?:)"
    return "(?:" + "|".join([*longer, stop]) + ")"


_COUNTED = re.compile(r"\d\s?$")
"""`9 hours`, `12 days` are lengths, not what the pay is for."""
_UNIT_FIRST = re.compile("[\u1000-\u109f]")
_WORD_BEGINS = "(?<![a-z\u00df-\u024f\u0400-\u04ff\u0590-\u06ff\u0900-\u0dff\u1200-\u137f\u1e00-\u1eff])"
_WIDEST_DASH = 16
"""Characters between the two ends of a range, blanks and `hasta` included."""
_LEAST_NAMED = 100
_LEAST_BARE = 300
_MOST_DIGITS = 12
_NUMBER = re.compile(r"[0-9](?<![\d.,/:].)\d*(?:[.,' ]\d{3})*(?:[.,]\d+)?(?!\d)", re.DOTALL)
_SEPARATED = re.compile("[ ']")
_GROUPED = re.compile(r"\d{1,3}(?:[., ']\d{3})+")
_GROUPED_CENTS = re.compile(r"(\d{1,3}(?:[., ']\d{3})+)[.,](\d{1,2})")
_RANGE = re.compile(
    r"\s*(?:[-~/]|\.\.+|to|until|till|and|&|đến|den|tới|toi|至|到|s/d|sd|sampai|hingga|до|에서|から|থেকে|देखि|से|a|à|até|hasta|"
    r"gacha|dan|din|ถึง|ຫາ|ដល់|မှ|hadi|እስከ|من|الى|تا|سے|සිට|முதல்|ile|mpaka|do|—|–)\s*(?:до|hasta)?\s*",
)
_SPACED = re.compile("[a-z\u00df-\u024f\u0400-\u04ff\u0590-\u06ff\u0900-\u0dff\u1200-\u137f\u1e00-\u1eff]")
