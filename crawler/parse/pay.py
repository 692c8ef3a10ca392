"""Pay in words → `Pay`; the words themselves always stay beside it as `pay_raw`."""

# ruff: noqa: E501 - the tables of words read best one meaning a line
import re

from crawler.parse.numbers import AMOUNT, amount_of, fold_digits
from model.schema.advert import Pay, PayPeriod

_PERIOD_WORDS = {
    PayPeriod.HOUR: r"hour(?:ly)?|hr|/h\b|p\.?h\.?\b|stunden?|heure|horaire|horas?|uur|ora\b|час\w*|година|saat|jam\b|giờ|ชั่วโมง|时|時|小时|小時|시간|시급|ساعة|घंट\w*|時給",
    PayPeriod.DAY: r"days?|daily|per diem|tag(?:es)?\b|jour(?:née)?|día|diari[oa]|dia\b|dag|giorno|ден\w*|день|дня|сутк\w*|смен\w*|gün(?:lük)?|hari(?:an)?|ngày|วัน|日薪|天|每日|日給|/日|일급|يوم|दिन|araw",
    PayPeriod.WEEK: r"weeks?|weekly|p\.?w\.?\b|woche|semaine|semana(?:l)?|settimana|недел\w*|тиждень|hafta(?:lık)?|minggu|tuần|สัปดาห์|周薪|每周|每週|週薪|星期|주급|أسبوع|सप्ताह|linggo",
    PayPeriod.MONTH: r"months?|monthly|mth|p\.?m\.?\b|pcm|monat\w*|mois|mensuel\w*|mes(?:es)?\b|mensual\w*|mês|mensa(?:l|is)|maand|mese|mensile|kuukau\w*|månad\w*|måned\w*|miesi\w*|мес(?:\.|яц\w*)?|місяц\w*|ay(?:lık)?\b|bulan(?:an)?|tháng|เดือน|月薪|每月|月|월급|월|شهر\w*|महीन\w*|मासिक|buwan|လ\b|ខែ",
    PayPeriod.YEAR: r"years?|yearly|annual\w*|annum|p\.?a\.?\b|yr|jahr\w*|année|an(?:s|nuel\w*)?\b|años?|anual\w*|anno|annuo|jaar|vuosi\w*|år\w*|rok\w*|год\w*|рік|yıl(?:lık)?|tahun(?:an)?|năm|ปี|年薪|每年|年|연봉|سنة|سنوي\w*|साल|taon",
    PayPeriod.TASK: r"per task|per order|per piece|за (?:заказ|задание)|每单|每單|/单",
}  # fmt: skip
_PERIODS = [
    (period, re.compile(rf"(?<![A-Za-zÀ-ɏḀ-ỹА-я])(?:{words})", re.IGNORECASE))
    for period, words in _PERIOD_WORDS.items()
]
_UNITS = {
    "HUR": PayPeriod.HOUR,
    "DAY": PayPeriod.DAY,
    "WEE": PayPeriod.WEEK,
    "MON": PayPeriod.MONTH,
    "ANN": PayPeriod.YEAR,
}

_CURRENCY_WORDS = [
    ("USDT", r"usdt"), ("HKD", r"hk\$|hkd"), ("SGD", r"s\$|sgd"), ("AUD", r"a(?:u)?\$|aud"), ("CAD", r"c(?:a)?\$|cad"), ("NZD", r"nz\$|nzd"),
    ("TWD", r"nt\$|ntd|twd|新台币|新臺幣|台币|台幣"), ("BRL", r"r\$|brl|reais"), ("MXN", r"mxn|mx\$"), ("USD", r"us\$|usd|u\.s\.d|dollars?|美金|美元|ดอลลาร์|\bđô\b|долл\w*|달러|دولار|डॉलर"),
    ("VND", r"vnđ|vnd|₫|đồng|đ\b|triệu|(?<=\d)tr\b"), ("IDR", r"rp\.?(?![a-z])|idr|rupiah"), ("MYR", r"\brm\.?(?=\s?\d)|myr|ringgit"), ("PHP", r"₱|php|pesos?\b(?=.*piso)|\bphp?\b"),
    ("THB", r"฿|thb|บาท|baht|泰铢"), ("KHR", r"៛|khr|riel"), ("LAK", r"₭|lak|ກີບ"), ("MMK", r"mmk|kyats?|ကျပ်"), ("CNY", r"cny|rmb|人民币|人民幣|元"), ("JPY", r"jpy|円|日元"),
    ("KRW", r"₩|krw|원"), ("INR", r"₹|inr|rs\.?(?=\s?\d)|rupees?|रुपये|रु"), ("PKR", r"pkr"), ("BDT", r"৳|bdt|taka|টাকা"), ("LKR", r"lkr"), ("NPR", r"npr"),
    ("GBP", r"£|gbp|pounds?"), ("EUR", r"€|eur|euros?|euroa"), ("CHF", r"chf"), ("RUB", r"₽|rub|rur|руб\w*|\bр\b\.?"), ("UAH", r"₴|uah|грн"),
    ("KZT", r"₸|kzt|тг\b|тенге"), ("PLN", r"pln|zł"), ("CZK", r"czk|kč"), ("SEK", r"sek"), ("NOK", r"nok"), ("DKK", r"dkk"), ("TRY", r"₺|\btry\b|\btl\b"),
    ("AED", r"aed|dirhams?|درهم"), ("SAR", r"sar\b|ريال"), ("QAR", r"qar"), ("KWD", r"kwd"), ("BHD", r"bhd"), ("OMR", r"omr"), ("JOD", r"\bjod\b"), ("EGP", r"egp|جنيه"),
    ("NGN", r"₦|ngn|naira"), ("KES", r"kes\b|ksh"), ("UGX", r"ugx"), ("TZS", r"tzs|tsh"), ("ETB", r"etb|birr|ብር"), ("ZAR", r"zar|\br(?=\s?\d)"), ("GHS", r"ghs|gh₵"),
    ("ILS", r"₪|ils"), ("COP", r"\bcop\b"), ("PEN", r"s/\.?|\bpen\b|soles"), ("CLP", r"clp"), ("ARS", r"ars\b"), ("CNY", r"¥|￥"), ("PHP", r"\bp(?=\d)"), ("USD", r"\$"),
]  # fmt: skip
_CURRENCIES = [(code, re.compile(words, re.IGNORECASE)) for code, words in _CURRENCY_WORDS]
_ALIASES = {
    "RUR": "RUB",
    "RMB": "CNY",
    "US$": "USD",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "฿": "THB",
    "₱": "PHP",
}
_BETWEEN = re.compile(
    r"\s*(?:[^\W\d_]{0,3}[$€£¥₽₫฿₱₩₹₸₴]?\.?\s*)?(?:-|–|—|~|～|到|至|\bto\b|\band\b|\bbis\b|\bà\b|\ba\b|\bal?\b|до|đến|hingga|sampai|s/d|s\.d\.|ถึง|إلى|até|hasta)"
    r"\s*(?:[^\W\d_]{1,4}\.?\s*)?[$€£¥₽₫฿₱₩₹₸₴]?\s*",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"(?:up to|upto|max(?:imum)?|bis zu|jusqu'à|hasta|até|до|tối đa|hingga|sampai|สูงสุด|高达|最高|最大)\s*\D{0,6}$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:\bfrom|min(?:imum)?|starting(?: at)?|\bab|à partir de|desde|a partir de|\bот|від|\btừ|mulai|ตั้งแต่|起薪)\s*\D{0,6}$",
    re.IGNORECASE,
)
_MAX_CHARS = 400
Stated = str | float | None
"""An amount as a page states it: in words, or as a number."""
_CODE = re.compile(r"[A-Z]{3}")


def parse_pay(text: str | None) -> Pay | None:
    """Read the first amount or range of a short text that speaks of pay; None when it names none."""
    if not text:
        return None
    text = fold_digits(text[:_MAX_CHARS])
    first = next((match for match in AMOUNT.finditer(text) if not _is_noise(text, match)), None)
    if first is None:
        return None
    low, high, end = _range(text, first)
    around = text[max(0, first.start() - 40) : end + 40]
    currency = parse_currency(text[max(0, first.start() - 6) : end + 12]) or parse_currency(around)
    period = parse_period(text[end : end + 30]) or parse_period(text)
    if low is None and high is None:
        return None
    return pay_of(low, high, currency, period)


def parse_currency(text: str | None) -> str | None:
    """Find the currency a text names: an ISO 4217 code, or `USDT`."""
    if not text:
        return None
    return next((code for code, words in _CURRENCIES if words.search(text)), None)


def parse_period(text: str | None) -> PayPeriod | None:
    """Find what one payment covers, in words of many languages or as a UN/CEFACT unit code."""
    if not text:
        return None
    if text.strip().upper() in _UNITS:
        return _UNITS[text.strip().upper()]
    return next((period for period, words in _PERIODS if words.search(text)), None)


def pay_of(low: float | None, high: float | None, currency: str | None, period: PayPeriod | None) -> Pay:
    """Put the parts of a structured salary together; a currency that is no code is looked up."""
    code = (currency or "").strip().upper()
    code = _ALIASES.get(code, code)
    known = code if _CODE.fullmatch(code) else parse_currency(currency)
    return Pay(min=low, max=high, currency=known, period=period)


def pay_words(low: Stated, high: Stated, currency: str | None, unit: str | None) -> str:
    """Write a salary given in parts as one line, every part as published."""
    amounts = dict.fromkeys(_amount_words(value) for value in (low, high) if value not in (None, ""))
    return " ".join(part for part in (" - ".join(amounts), currency, unit) if part)


def _amount_words(value: Stated) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value).strip()


def _range(text: str, first: re.Match[str]) -> tuple[float | None, float | None, int]:
    low = amount_of(first.group(1), first.group(2))
    gap = _BETWEEN.match(text, first.end())
    second = AMOUNT.match(text, gap.end()) if gap else None
    if second is None:
        before = text[: first.start()]
        if _UP_TO.search(before):
            return None, low, first.end()
        return low, None if _FROM.search(before) else low, first.end()
    if first.group(2) is None and second.group(2) is not None:
        low = amount_of(first.group(1), second.group(2))
    return low, amount_of(second.group(1), second.group(2)), second.end()


def _is_noise(text: str, match: re.Match[str]) -> bool:
    """A percentage, or the 13 of `13th month`, is not an amount of pay."""
    after = text[match.end() : match.end() + 3]
    return after.lstrip().startswith("%") or after.startswith(("th ", "st ", "nd "))
