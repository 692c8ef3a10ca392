"""A listing without cards: headings that link to one job each, the job's facts in the lines below.

Public bodies and small boards print their vacancies so, often as one long table. What is below a
heading is read by its captions (`Salary: 850`); without captions the page is no such listing.
"""

import re
from collections import Counter
from itertools import islice

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.labels import CAPTIONS
from crawler.pages.named import MAX_ELEMENTS
from crawler.pages.visible import captions_in
from crawler.parse.plain import BLOCKS, element_text, parse_line, tidy

_DIGITS = re.compile(r"\d+")
_ENOUGH, _MAX_JOBS, _MAX_PIECES = 3, 500, 400
_JOB_LINK = re.compile(
    r"job|vacanc|career|position|vaga|empleo|oferta|viec|lowongan|stelle|wazifa|posting", re.IGNORECASE
)
_SILENT = frozenset({"script", "style", "noscript", "template", "svg"})


def read_headed(root: etree._Element) -> tuple[Draft, ...]:
    """Give the jobs that a page's headings link to; nothing when fewer than three look alike."""
    headings = islice(root.iter("h2", "h3", "h4"), _MAX_JOBS)
    links = [link for heading in headings for link in islice(heading.iter("a"), 1) if link.get("href")]
    shapes = Counter(_DIGITS.sub("#", str(link.get("href"))) for link in links)
    shape, n = shapes.most_common(1)[0] if shapes else ("", 0)
    if n < _ENOUGH or "#" not in shape or not _JOB_LINK.search(shape):
        return ()
    alike = [link for link in links if _DIGITS.sub("#", str(link.get("href"))) == shape]
    texts = _texts_below(root, alike)
    drafts = [_draft(link, text) for link, text in zip(alike, texts, strict=True)]
    stated = [draft for draft in drafts if draft is not None]
    return tuple(stated) if len(stated) * 2 > len(alike) else ()


def _draft(link: etree._Element, text: str) -> Draft | None:
    title = parse_line(element_text(link))
    facts = captions_in(text)
    if not title or not (set(facts) & (set(CAPTIONS) - {"title"})):
        return None
    return Draft(
        reader="page",
        title=title,
        description=text or None,
        employer=facts.get("employer"),
        places=(facts["place"],) if "place" in facts else (),
        pay_raw=facts.get("pay_raw"),
        employment_type=facts.get("employment_type"),
        posted=facts.get("posted"),
        valid_through=facts.get("valid_through"),
        url=str(link.get("href")),
    )


def _texts_below(root: etree._Element, links: list[etree._Element]) -> list[str]:
    """For each link the text from it to the next one, in the page's order."""
    starts = {id(link): n for n, link in enumerate(links)}
    pieces: list[list[str]] = [[] for _link in links]
    at = -1
    inside: set[int] = set()
    walk = etree.iterwalk(root, events=("start", "end"))
    for n, (event, element) in enumerate(walk):
        if n > MAX_ELEMENTS * 2:
            break
        name = element.tag.lower() if isinstance(element.tag, str) else ""
        if event == "start":
            if id(element) in starts:
                at = starts[id(element)]
                inside.add(id(element))
            text = element.text if name and name not in _SILENT and not inside else None
        else:
            inside.discard(id(element))
            text = element.tail if not inside else None
        if at >= 0 and len(pieces[at]) < _MAX_PIECES:
            if name in BLOCKS or name in {"td", "th"}:
                pieces[at].append("\n")
            if text:
                pieces[at].append(text)
    return [tidy("".join(part)) or "" for part in pieces]
