"""What a page's mark-up calls its parts: attributes and classes with telling names."""

# ruff: noqa: E501 - the tables of names read best one field a line
import re
from collections.abc import Iterator

from lxml import etree

from crawler.parse.plain import element_text, parse_line

MAX_ELEMENTS = 60_000
"""How much of a page is looked at."""
LISTING = 4
"""A page that marks more further titles than this is a list, not one job."""
LONGEST_LINE = 200
NAMES = {
    "title": r"(?:job|vacancy|position|project|detail)s?[-_ ]?(?:ad-?)?(?:detail-?)?title|jobtitle|vacancytitle|top-card-layout__title|base-search-card__title",
    "employer": r"(?:company|employer|advertiser|org(?:ani[sz]ation)?)[-_ ]?name|companyname|org-name|jobcompany|base-search-card__subtitle|hidden-nested-link|topcard__org-name-link",
    "places": r"(?:job|company|vacancy|detail|card)[-_]*(?:detail-?)?location|^location$|companylocation|joblocation|locality",
    "pay_raw": r"salary|budget|compensation|remuneration|pay-?range",
    "employment_type": r"work-?type|employment-?type|job-?type|contract-?type",
    "description": r"job-?ad-?details|jobaddetails|(?:job|project|vacancy|card)[-_]*description|job-?snippet|show-more-less-html__markup|job_content_wrap|job-details-description",
    "posted": r"listing-?date|listdate|posted-?(?:at|on|date)|date-?posted|publish(?:ed)?-?date",
}
"""Field → how boards call the element that holds it."""
EMPLOYMENT = re.compile(
    r"full[- ]?time|part[- ]?time|contract(?:or)?|temporary|internship|freelance|permanent|دوام (?:كامل|جزئي)|عمل حر|tiempo completo|tempo integral|vollzeit|teilzeit|temps plein|полная занятость|งานประจำ|全职|兼职|toàn thời gian|정규직|paruh waktu|penuh waktu",
    re.IGNORECASE,
)
"""Words for how somebody is employed."""
REMOTE = re.compile(
    r"\bremote\b|عن بعد|удал[её]нн?\w*|teletrabalho|teletrabajo|home[- ]?office|télétravail|재택|远程|từ xa",
    re.IGNORECASE,
)
_PATTERNS = {field: re.compile(words, re.IGNORECASE) for field, words in NAMES.items()}
_ATTRIBUTES = ("data-automation", "data-test", "data-testid", "data-qa", "itemprop", "class", "id")
_CHIP = 30


def marks(element: etree._Element) -> Iterator[str]:
    """The names an element bears."""
    for name in _ATTRIBUTES:
        value = element.get(name)
        if value:
            yield from value.split() if name in {"class", "itemprop"} else (value,)


def named_values(root: etree._Element) -> tuple[dict[str, str], int]:
    """Field → text of the first element whose names call it that; and how many elements are called titles."""
    found: dict[str, str] = {}
    n_titles = 0
    for n, element in enumerate(root.iter(etree.Element)):
        if n > MAX_ELEMENTS:
            break
        for field in _fields(element):
            n_titles += field == "title"
            if field not in found and (text := _text(element, field)):
                found[field] = text
    return found, n_titles


def _fields(element: etree._Element) -> Iterator[str]:
    names = list(marks(element))
    if names:
        yield from (
            field for field, pattern in _PATTERNS.items() if any(pattern.search(name) for name in names)
        )


def _text(element: etree._Element, field: str) -> str | None:
    if field == "description":
        return element_text(element)
    line = parse_line(element_text(element))
    return line if line and len(line) <= LONGEST_LINE else None


def chip(root: etree._Element, pattern: re.Pattern[str]) -> str | None:
    """A short element that states one of the known words, such as a tag below the title."""
    for n, element in enumerate(root.iter("a", "span", "li", "dd", "strong", "div")):
        if n > MAX_ELEMENTS:
            break
        text = (element.text or "").strip() if len(element) == 0 else ""
        if 0 < len(text) <= _CHIP and pattern.search(text):
            return text
    return None
