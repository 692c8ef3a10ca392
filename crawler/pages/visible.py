"""The job that a page only shows: no structured data, or too little of it.

Used last, and only where the page itself says what is what: by the names in its mark-up, by
captions before values, by headings. What is not stated stays empty.
"""

# ruff: noqa: E501 - the tables of words read best one idea a line
import re
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.labels import CAPTIONS
from crawler.pages.named import EMPLOYMENT, LISTING, MAX_ELEMENTS, REMOTE, chip, named_values
from crawler.pages.query import strings
from crawler.parse.plain import element_text, parse_line, parse_plain

_JOB_WORDS = re.compile(
    r"الوصف الوظيفي|متطلبات الوظيفة|job description|requirements|responsibilit|qualifications|about the (?:role|job)|вакансия|обязанности|требования|lowongan|kualifikasi|mô tả công việc|รายละเอียดงาน|职位描述|岗位职责|직무|자격요건|채용|requisitos|descripción del puesto|vaga\b|aufgaben|profil recherché|employment type|hiring",
    re.IGNORECASE,
)
_BODY_HEADING = re.compile(
    r"الوصف|متطلبات|descri|about the (?:role|job)|requirement|responsib|qualif|обязанности|требования|описание|kualifikasi|mô tả|yêu cầu|รายละเอียด|คุณสมบัติ|描述|职责|要求|업무|자격|requisitos|aufgaben|profil|missions",
    re.IGNORECASE,
)
_HIRING = re.compile(
    r"^(?P<employer>.{2,80}?) (?:is )?hiring (?P<title>.{3,160}?) in (?P<place>[^|]{2,100}?)(?: \| .*)?$",
    re.IGNORECASE,
)
"""A page's title that says it all: `<employer> hiring <title> in <place> | <site>`."""
_AT = re.compile(r"^(?P<title>.{3,160}?) at (?P<employer>.{2,80}?) [—–-] (?P<place>[^|]{2,100}?)(?: \| .*)?$")
"""Another: `<title> at <employer> — <place> | <site>`; believed only where the heading says the same title."""
_PERSON = re.compile(r"\(@[\w.]+\)")
"""A title that names an account: who posted, not what is offered."""
_CAPTION_LINE = {
    field: re.compile(rf"^\W{{0,4}}(?:{words.pattern})\s*[:：]\s*(\S.{{0,200}})$", re.IGNORECASE)
    for field, words in CAPTIONS.items()
}
_VALUE_BELOW = re.compile(r"([:：])[ \t\u200b]*\n\s*(?=[^\n:：]{1,200}(?:\n|$))")
"""A caption whose value stands on the next line."""
_ENOUGH = 2
_MAX_LINES, _LONGEST_LINE, _LONGEST_HEADING, _LONGEST_PLACE = 400, 260, 80, 60
_LONGEST_LABEL, _LONGEST_VALUE = 40, 200
_LOOSE_LABELS = frozenset({"span", "label", "p", "div", "strong", "b"})
"""Elements that hold anything: only with a colon are their words a caption."""
_LABELS = ("dt", "th", "td", "h3", "h4", "h5", *_LOOSE_LABELS)
"""Elements that may hold a caption and nothing else."""


@dataclass(frozen=True)
class _Shown:
    """What a page says in its different voices."""

    named: dict[str, str]
    captions: dict[str, str]
    metas: dict[str, str]
    heading: str | None
    sections: str | None
    text: str

    @property
    def title(self) -> str | None:
        if "title" in self.named:
            return self.named["title"]
        return (
            self.captions.get("title")
            or self.heading
            or self.metas.get("og:title")
            or self.metas.get("title")
        )

    @property
    def body(self) -> str | None:
        return (
            self.named.get("description")
            or self.sections
            or self.metas.get("og:description")
            or self.metas.get("description")
        )

    def fact(self, *names: str) -> str | None:
        return next(
            (found for name in names if (found := self.named.get(name) or self.captions.get(name))), None
        )

    def evidence(self) -> int:
        """How much speaks for the page being one job advert; two are enough."""
        facts = sum(
            1
            for names in (("employer",), ("places", "place"), ("pay_raw",), ("employment_type",))
            if self.fact(*names)
        )
        words = (self.text, self.metas.get("og:title", ""), self.metas.get("og:description", ""))
        own_title = "title" in self.named and self.heading in {None, self.named["title"]}
        return (
            facts
            + own_title
            + bool(self.sections)
            + ("description" in self.named)
            + bool(EMPLOYMENT.search(self.metas.get("og:description", "")))
            + sum(1 for text in words if _JOB_WORDS.search(text))
        )


def read_detail(root: etree._Element) -> Draft | None:
    """Read the one job a page is about; None when it does not look like a job."""
    named, n_titles = named_values(root)
    if n_titles > LISTING:
        return None
    shown = _shown(root, named)
    if not (shown.title or shown.body) or shown.evidence() < _ENOUGH:
        return None
    place = shown.fact("places", "place") or _place_in_header(root)
    return Draft(
        reader="page",
        title=None if shown.body and _PERSON.search(shown.title or "") else parse_line(shown.title),
        description=shown.body,
        employer=shown.fact("employer"),
        places=(place,) if place else (),
        pay_raw=shown.fact("pay_raw"),
        employment_type=shown.fact("employment_type") or chip(root, EMPLOYMENT),
        posted=shown.fact("posted") or next(iter(strings(root, ".//time/@datetime")), None),
        valid_through=shown.fact("valid_through"),
        url=canonical_url(root),
        remote=True if chip(root, REMOTE) else None,
    )


def _shown(root: etree._Element, named: dict[str, str]) -> _Shown:
    metas, text = _metas(root), element_text(root) or ""
    told_in_brief = metas.get("og:description", "")
    captions = {
        **captions_in(told_in_brief, split=", "),
        **captions_in(text),
        **captions_in(told_in_brief),
        **paired_captions(root),
    }
    told = _HIRING.match(metas.get("title", "")) or _AT.match(metas.get("title", ""))
    headings = [line for h in root.iter("h1") if (line := parse_line(element_text(h)))]
    if told and told["title"] in (headings[:1] or [told["title"]] * (told.re is _HIRING)):
        captions = {**told.groupdict(), **captions}
    return _Shown(named, captions, metas, headings[0] if headings else None, _sections(root), text)


def canonical_url(root: etree._Element) -> str | None:
    """The page's own address, as its head states it."""
    found = strings(root, "//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")
    return found[0].strip() or None if found else None


def paired_captions(root: etree._Element, *tags: str) -> dict[str, str]:
    """Field → value, where a caption and its value are elements side by side, as in a table or `<dl>`."""
    found: dict[str, str] = {}
    for element in islice(root.iter(*(tags or _LABELS)), MAX_ELEMENTS):
        said = (element.text or "").strip()
        words = said.rstrip(" :：")
        loose = element.tag in _LOOSE_LABELS and words == said
        if len(element) or loose or not 0 < len(words) <= _LONGEST_LABEL:
            continue
        field = next((name for name, pattern in CAPTIONS.items() if pattern.fullmatch(words)), None)
        following = element.getnext()
        if field is None or field in found or following is None or following.tag in {"dt", "th"}:
            continue
        value = parse_line(element_text(following))
        if value and len(value) <= _LONGEST_VALUE:
            found[field] = value
    return found


def captions_in(text: str, *, split: str = "\n") -> dict[str, str]:
    """Field → value, from lines such as `Salary: 300 USD`, in many languages."""
    found: dict[str, str] = {}
    text = _VALUE_BELOW.sub(r"\1 ", text.replace(split, "\n"))
    for line in text.split("\n")[:_MAX_LINES]:
        if len(line) > _LONGEST_LINE or (":" not in line and "：" not in line):
            continue
        bare = line.replace("\u200b", "").strip()
        for field, pattern in _CAPTION_LINE.items():
            match = pattern.match(bare)
            if match and field not in found:
                found[field] = match.groups()[-1].strip()
                break
    return found


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


def _sections(root: etree._Element) -> str | None:
    """The texts under headings that announce a job's description."""
    parts: list[str] = []
    for heading in root.iter("h2", "h3"):
        words = element_text(heading) or ""
        if len(words) > _LONGEST_HEADING or not _BODY_HEADING.search(words):
            continue
        following = [
            element_text(s) for s in heading.itersiblings(etree.Element) if s.tag not in {"h1", "h2", "h3"}
        ]
        parts += [text for text in following[:20] if text]
    return "\n\n".join(dict.fromkeys(parts)) or None


def _place_in_header(root: etree._Element) -> str | None:
    """In a header without names, the part that looks like `City, Country`."""
    for header in root.iter("header"):
        for span in header.iter("span"):
            text = parse_line(element_text(span)) or ""
            if "," in text and len(text) <= _LONGEST_PLACE and not any(char.isdigit() for char in text):
                return text
    return None
