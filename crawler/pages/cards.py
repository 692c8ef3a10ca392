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
_MAX_CARDS = 500


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
    links = strings(element, "(.//h1|.//h2|.//h3|.//h4)//a/@href | .//a/@href | self::a/@href")
    title = named.get("title") or heading
    if not title or not links:
        return None
    paragraph = next((element_text(p) for p in element.iter("p") if element_text(p)), None)
    return Draft(
        reader="page",
        title=title,
        employer=named.get("employer"),
        places=(named["places"],) if "places" in named else (),
        pay_raw=named.get("pay_raw"),
        employment_type=named.get("employment_type") or chip(element, EMPLOYMENT),
        posted=next(iter(strings(element, ".//time/@datetime")), None) or named.get("posted"),
        description=named.get("description") or paragraph,
        url=links[0],
    )
