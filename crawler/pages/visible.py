"""Jobs that a page only shows: no structured data, or too little of it.

Used last, and only where the page itself says by its mark-up what is what: attributes and
classes with telling names, captions with values, headings. What is not stated stays empty.
"""

import re
from collections.abc import Iterator

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.labels import CAPTIONS
from crawler.parse.plain import element_text, parse_line, parse_plain

_NAMED = {
    "title": r"(?:job|vacancy|position|project|detail)s?[-_ ]?(?:ad-?)?(?:detail-?)?title|jobtitle|vacancytitle|top-card-layout__title|base-search-card__title",
    "employer": r"(?:company|employer|advertiser|org(?:ani[sz]ation)?)[-_ ]?name|companyname|org-name|jobcompany|base-search-card__subtitle|hidden-nested-link|topcard__org-name-link",
    "places": r"(?:job|company|vacancy|detail|card)[-_]*(?:detail-?)?location|^location$|companylocation|joblocation|locality",
    "pay_raw": r"salary|budget|compensation|remuneration|pay-?range",
    "employment_type": r"work-?type|employment-?type|job-?type|contract-?type",
    "description": r"job-?ad-?details|jobaddetails|(?:job|project|vacancy|card)[-_]*description|job-?snippet|show-more-less-html__markup|job_content_wrap|job-details-description",
    "posted": r"listing-?date|listdate|posted-?(?:at|on|date)|date-?posted|publish(?:ed)?-?date",
}
_NAMED_RE = {field: re.compile(words, re.IGNORECASE) for field, words in _NAMED.items()}
_ATTRIBUTES = ("data-automation", "data-test", "data-testid", "data-qa", "itemprop", "class", "id")
_CARD = re.compile(r"(?:^|[\s_-])(?:(?:job|project|vacancy|search|base-search|base)[-_]?(?:card|item|result|listing|tuple)s?|jobcard|jobseen|job_seen_beacon|normaljob|cl-static-search-result|jobs-list__listitem|jobsearch-serpjobcard|card-content|project)(?:$|[\s_-])", re.IGNORECASE)
_CAPTION_LINE = {field: re.compile(rf"^\W{{0,4}}(?:{words.pattern})\s*[\u200b\s]*[:：]\s*(\S.{{0,200}})$", re.IGNORECASE) for field, words in CAPTIONS.items()}
_EMPLOYMENT = re.compile(
    r"full[- ]?time|part[- ]?time|contract(?:or)?|temporary|internship|freelance|permanent|دوام (?:كامل|جزئي)|عمل حر|tiempo completo|tempo integral|vollzeit|teilzeit|temps plein|полная занятость|งานประจำ|全职|兼职|toàn thời gian|정규직|paruh waktu|penuh waktu",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"\bremote\b|عن بعد|удал[её]нн?\w*|teletrabalho|teletrabajo|home[- ]?office|télétravail|재택|远程|từ xa|full remote", re.IGNORECASE)
_JOB_WORDS = re.compile(r"الوصف الوظيفي|متطلبات الوظيفة|job description|requirements|responsibilit|qualifications|about the (?:role|job)|вакансия|обязанности|требования|описание|lowongan|kualifikasi|mô tả công việc|รายละเอียดงาน|职位描述|岗位职责|직무|자격요건|requisitos|descripción|descrição|vaga|aufgaben|profil recherché|employment type|채용|we'?re hiring|hiring", re.IGNORECASE)
_BODY_HEADING = re.compile(r"الوصف|متطلبات|descri|about the (?:role|job)|requirement|responsib|qualif|обязанности|требования|описание|kualifikasi|mô tả|yêu cầu|รายละเอียด|คุณสมบัติ|描述|职责|要求|업무|자격|requisitos|aufgaben|profil|missions", re.IGNORECASE)
_PERSON = re.compile(r"\(@[\w.]+\)")
"""A title that names an account: who posted, not what is offered."""
_MAX_CARDS = 500
_MAX_ELEMENTS = 60_000
_MIN_FACTS = 2
_LISTING = 4
"""A page that marks more titles than this is a list, not one job."""


def read_visible(root: etree._Element) -> tuple[Draft, ...]:
    """Give the job a detail page shows, or the cards of a listing; nothing when the page names no job."""
    cards = tuple(_cards(root))
    if len(cards) > 1:
        return cards
    detail = read_detail(root)
    return (detail,) if detail else cards


def read_detail(root: etree._Element) -> Draft | None:
    """Read the one job a page is about; None when it does not look like a job."""
    named = _named_values(root)
    metas = _metas(root)
    if named.pop("several", None):
        return None
    captions = {**_captions(metas.get("og:description", "")), **_captions(element_text(root) or "")}
    social = _social_post(metas)
    heading = _heading(root)
    title = named.get("title") or heading or social.get("title") or metas.get("og:title") or metas.get("title")
    body = named.get("description") or _sections(root) or social.get("description") or metas.get("og:description") or metas.get("description")
    facts = {**captions, **{field: value for field, value in social.items() if field in CAPTIONS}, **named}
    stated = sum(1 for field in ("employer", "place", "places", "pay_raw", "employment_type") if facts.get(field))
    evidence = stated + bool("description" in named) + bool(_EMPLOYMENT.search(metas.get("og:description", ""))) + bool(_JOB_WORDS.search(element_text(root) or "") or _JOB_WORDS.search(body or ""))
    if not title or evidence < _MIN_FACTS - bool(named.get("title") or _sections(root)):
        return None
    return Draft(
        reader="page",
        title=None if _PERSON.search(title) and body else parse_line(social.get("title") or title),
        description=body,
        employer=facts.get("employer"),
        places=tuple(place for place in (facts.get("places") or facts.get("place") or _place_span(root),) if place),
        pay_raw=facts.get("pay_raw"),
        employment_type=facts.get("employment_type") or _chip(root, _EMPLOYMENT),
        posted=facts.get("posted") or _time(root),
        valid_through=facts.get("valid_through"),
        url=canonical_url(root),
        remote=True if _chip(root, _REMOTE) else None,
    )


def canonical_url(root: etree._Element) -> str | None:
    """The page's own address, as its head states it."""
    found = root.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")
    return str(found[0]).strip() if found and str(found[0]).strip() else None


def _marks(element: etree._Element) -> Iterator[str]:
    for name in _ATTRIBUTES:
        value = element.get(name)
        if value:
            yield from value.split() if name in {"class", "itemprop"} else (value,)


def _named_values(root: etree._Element) -> dict[str, str]:
    """Field → text of the first element whose attributes name the field."""
    found: dict[str, str] = {}
    n_titles = 0
    for n, element in enumerate(root.iter(etree.Element)):
        if n > _MAX_ELEMENTS:
            break
        marks = list(_marks(element))
        for field, pattern in _NAMED_RE.items():
            if field == "title" and "title" in found and marks and n_titles < _LISTING:
                n_titles += any(pattern.search(mark) for mark in marks)
            if field not in found and marks and any(pattern.search(mark) for mark in marks):
                text = element_text(element) if field == "description" else parse_line(element_text(element))
                if text and (field == "description" or len(text) <= 200):  # noqa: PLR2004
                    found[field] = text
    if n_titles >= _LISTING:
        found["several"] = "yes"
    return found


def _cards(root: etree._Element) -> Iterator[Draft]:
    taken: set[etree._Element] = set()
    for n, element in enumerate([*root.iter("li", "div", "article", "section", "tr", "a")][:_MAX_ELEMENTS]):
        if not _CARD.search(" ".join(_marks(element))) or any(parent in taken for parent in element.iterancestors()):
            continue
        draft = _card(element)
        if draft is not None and n < _MAX_ELEMENTS and len(taken) < _MAX_CARDS:
            taken.add(element)
            yield draft


def _card(element: etree._Element) -> Draft | None:
    named = _named_values(element)
    heading = next((parse_line(element_text(h)) for h in element.iter("h1", "h2", "h3", "h4") if element_text(h)), None)
    link = next((str(a) for a in element.xpath("(.//h1|.//h2|.//h3|.//h4)//a/@href | .//a/@href | self::a/@href")), None)
    title = named.get("title") or heading
    if not title or not link:
        return None
    paragraph = next((element_text(p) for p in element.iter("p") if element_text(p)), None)
    return Draft(
        reader="page",
        title=title,
        employer=named.get("employer"),
        places=(named["places"],) if "places" in named else (),
        pay_raw=named.get("pay_raw"),
        employment_type=named.get("employment_type") or _chip(element, _EMPLOYMENT),
        posted=_time(element) or named.get("posted"),
        description=named.get("description") or paragraph,
        url=link,
    )


def _heading(root: etree._Element) -> str | None:
    headings = [text for h in root.iter("h1") if (text := parse_line(element_text(h)))]
    return headings[0] if headings else None


def _metas(root: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name, content = meta.get("property") or meta.get("name"), meta.get("content")
        if name and content and content.strip():
            found.setdefault(name.lower(), parse_plain(content) or "")
    title = root.find(".//title")
    if title is not None and title.text:
        found.setdefault("title", parse_line(title.text) or "")
    return found


def _social_post(metas: dict[str, str]) -> dict[str, str]:
    """A post on a social site: its text is in the page's description, often with captions."""
    text = metas.get("og:description", "")
    captions = _captions(text)
    return {**captions, "description": text} if "title" in captions else {}


def _captions(text: str) -> dict[str, str]:
    """Field → value, from lines such as `Salary: 300 USD`."""
    found: dict[str, str] = {}
    for line in text.split("\n")[:400]:
        if len(line) > 260 or (":" not in line and "：" not in line):  # noqa: PLR2004
            continue
        for field, pattern in _CAPTION_LINE.items():
            match = pattern.match(line.replace("\u200b", "").strip())
            if match and field not in found:
                found[field] = match.groups()[-1].strip()
                break
    return found


def _sections(root: etree._Element) -> str | None:
    """The texts under headings that announce a job's description, with the headings left out of the first."""
    parts: list[str] = []
    for heading in root.iter("h2", "h3"):
        words = element_text(heading) or ""
        if len(words) > 80 or not _BODY_HEADING.search(words):  # noqa: PLR2004
            continue
        following = [element_text(sibling) for sibling in heading.itersiblings() if sibling.tag not in {"h1", "h2", "h3"}]
        parts += [text for text in following[:20] if text]
    return "\n\n".join(dict.fromkeys(parts)) or None


def _chip(root: etree._Element, pattern: re.Pattern[str]) -> str | None:
    """A short element that states one of the known words, such as a tag below the title."""
    for n, element in enumerate(root.iter("a", "span", "li", "dd", "strong", "div")):
        if n > _MAX_ELEMENTS:
            break
        text = (element.text or "").strip() if len(element) == 0 else ""
        if 0 < len(text) <= 30 and pattern.search(text):  # noqa: PLR2004
            return text
    return None


def _place_span(root: etree._Element) -> str | None:
    """In a header without names, the part that looks like `City, Country`."""
    for header in root.iter("header"):
        for span in header.iter("span"):
            text = parse_line(element_text(span)) or ""
            if "," in text and len(text) <= 60 and not any(char.isdigit() for char in text):  # noqa: PLR2004
                return text
    return None


def _time(root: etree._Element) -> str | None:
    return next((str(value) for value in root.xpath(".//time/@datetime")), None)
