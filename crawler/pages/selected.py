"""Pages without structured data, read by the CSS selectors of their source file."""

from collections.abc import Iterator

from scrapy import Selector

from crawler.pages.draft import Draft
from crawler.pages.reader import Page
from crawler.parse.contact import contact_of_text
from crawler.parse.plain import parse_line, parse_plain
from crawler.source import Selectors


def read_selected(text: str, selectors: Selectors) -> Page:
    """Give the adverts that the selectors find: one per `item`, or one for the page."""
    page = Selector(text=text)
    parts = page.css(selectors.item) if selectors.item else [page]
    drafts = tuple(draft for part in parts if (draft := _draft(part, selectors)) is not None)
    return Page("html", drafts, () if drafts else ("the selectors find nothing",))


def _draft(part: Selector, selectors: Selectors) -> Draft | None:
    title, description = _first(part, selectors.title), _body(part, selectors.description)
    if not (title or description):
        return None
    return Draft(
        reader="page",
        title=title,
        description=description,
        employer=_first(part, selectors.employer),
        places=tuple(dict.fromkeys(_all(part, selectors.place))),
        pay_raw=_first(part, selectors.pay),
        employment_type=_first(part, selectors.employment_type),
        posted=_first(part, selectors.posted),
        valid_through=_first(part, selectors.valid_through),
        url=_first(part, selectors.link) if selectors.item else None,
        contacts=tuple(dict.fromkeys(contact_of_text(value) for value in _all(part, selectors.contact))),
    )


def _all(part: Selector, selector: str | None) -> Iterator[str]:
    if selector is not None:
        yield from (line for found in part.css(selector).getall() if (line := parse_line(found)))


def _first(part: Selector, selector: str | None) -> str | None:
    return next(_all(part, selector), None)


def _body(part: Selector, selector: str | None) -> str | None:
    if selector is None:
        return None
    found = part.css(selector).getall()
    return "\n\n".join(text for piece in found if (text := parse_plain(piece))) or None
