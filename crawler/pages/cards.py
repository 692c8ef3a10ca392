"""The cards of a listing without structured data: one element per job, with a title and a link."""

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.named import EMPLOYMENT, MAX_ELEMENTS, chip, marks, named_values
from crawler.pages.query import strings
from crawler.parse.plain import element_text, parse_line

_CARD = re.compile(
    r"(?:^|[\s_-])(?:(?:job|project|vacancy|search|base-search|base)[-_]?(?:card|item|result|listing|tuple)s?|jobcard|jobseen"
    r"|job_seen_beacon|normaljob|jobs-list__listitem|jobsearch-serpjobcard|card-content|project)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MAX_CARDS, _MAX_LINKS = 500, 50
_LONGEST = 120
_SHORT_NAMES = {
    "employer": frozenset({"company", "employer", "recruiter", "advertiser", "companyname"}),
    "places": frozenset({"location", "loc", "place", "city"}),
    "pay_raw": frozenset({"wage", "pay"}),
}
"""Names too short to be trusted on a whole page, but telling within one job's card."""
_LOGO = re.compile(r"^(?P<name>\S.{0,78}?)\s+logo$", re.IGNORECASE)


def read_cards(root: etree._Element) -> tuple[Draft, ...]:
    """Give the jobs of a listing's cards, in order; a card within a card is not one of its own."""
    return tuple(islice(_cards(root), _MAX_CARDS))


def _cards(root: etree._Element) -> Iterator[Draft]:
    taken: set[etree._Element] = set()
    for element in islice(root.iter("li", "div", "article", "section", "tr", "a"), MAX_ELEMENTS):
        if not _CARD.search(" ".join(marks(element))) or any(
            parent in taken for parent in element.iterancestors()
        ):
            continue
        draft = _card(element)
        if draft is not None:
            taken.add(element)
            yield draft


def _card(element: etree._Element) -> Draft | None:
    named, _n_titles = named_values(element)
    heading = next(
        (parse_line(element_text(h)) for h in element.iter("h1", "h2", "h3", "h4") if element_text(h)), None
    )
    title = named.get("title") or heading
    link = _link(element, title)
    if not title or not link:
        return None
    named = {**_short_named(element, title), **named}
    paragraph = next((element_text(p) for p in element.iter("p") if element_text(p)), None)
    return Draft(
        reader="page",
        title=title,
        employer=named.get("employer") or _logo_name(element),
        places=(named["places"],) if "places" in named else (),
        pay_raw=named.get("pay_raw"),
        employment_type=named.get("employment_type") or chip(element, EMPLOYMENT),
        posted=next(iter(strings(element, ".//time/@datetime")), None) or named.get("posted"),
        description=named.get("description") or paragraph,
        url=link,
    )


def _link(card: etree._Element, title: str | None) -> str | None:
    """The job's own address: of the link that says its title, else of one in a heading, else the first."""
    anchors = [a for a in islice(card.iter("a"), _MAX_LINKS) if a.get("href")]
    said = [a for a in anchors if title and parse_line(element_text(a)) == title]
    headings = islice(card.iter("h1", "h2", "h3", "h4"), _MAX_LINKS)
    headed = [a for heading in headings for a in islice(heading.iter("a"), 1) if a.get("href")]
    return next((str(a.get("href")) for a in (*said, *headed, *anchors)), None)


def _short_named(card: etree._Element, title: str) -> dict[str, str]:
    """Fields whose element in the card bears a short name such as `company`."""
    found: dict[str, str] = {}
    for element in card.iter(etree.Element):
        names = {name.lower() for name in marks(element)}
        for field, known in _SHORT_NAMES.items():
            if field in found or not names & known:
                continue
            line = parse_line(element_text(element))
            if line and len(line) <= _LONGEST and line != title:
                found[field] = line
    return found


def _logo_name(card: etree._Element) -> str | None:
    """Whose logo the card shows, as the picture's text for the blind says."""
    found = (_LOGO.match(alt.strip()) for alt in strings(card, ".//img/@alt"))
    return next((match["name"] for match in found if match), None)
