"""One page, feed or API answer → the adverts in it. The front door of `crawler.pages`.

The kind is read off the content, not off the file's name: the spiders and `lurewatch extract`
use the same readers. Structured data comes first; what it leaves out is filled from other data
about the same job, and the visible page is asked last.
"""

from dataclasses import dataclass, replace

from lxml import etree
from lxml import html as lxml_html

from crawler.pages.cards import read_cards
from crawler.pages.decode import decode_page
from crawler.pages.draft import MAX_DRAFTS, Draft, fill_gaps
from crawler.pages.feed import parse_xml, read_feed
from crawler.pages.headed import read_headed
from crawler.pages.json_ld import drafts_in, read_json_ld
from crawler.pages.json_text import parse_json
from crawler.pages.microdata import read_microdata
from crawler.pages.objects import drafts_in_objects
from crawler.pages.scripts import Script, scripts_of
from crawler.pages.sitemap import read_sitemap
from crawler.pages.state import read_facts, read_state
from crawler.pages.telegram import is_telegram, read_telegram
from crawler.pages.visible import canonical_url, paired_captions, read_detail

MAX_BYTES = 20_000_000
"""Larger pages are refused: no honest page of adverts comes near."""
_HOLES = ("title", "description")


@dataclass(frozen=True)
class Page:
    """What was found on a page."""

    kind: str
    """`html`, `feed`, `sitemap`, `api`, `telegram`, or `unknown`."""
    drafts: tuple[Draft, ...] = ()
    faults: tuple[str, ...] = ()
    """What could not be read, in plain words without any of the page's text."""


def read_page(body: bytes, *, content_type: str | None = None) -> Page:
    """Find the adverts in a page's bytes; hostile or broken content gives faults, never an exception."""
    page = _read(body, content_type)
    if len(page.drafts) < MAX_DRAFTS:
        return page
    cut = f"{MAX_DRAFTS} adverts or more on one page: the rest was not read"
    return replace(page, drafts=page.drafts[:MAX_DRAFTS], faults=(*page.faults, cut))


def _read(body: bytes, content_type: str | None) -> Page:
    if len(body) > MAX_BYTES:
        return Page("unknown", faults=(f"larger than {MAX_BYTES} bytes: not read",))
    text = decode_page(body, content_type=content_type)
    start = text.lstrip("\ufeff \t\r\n")[:400]
    if start[:1] in {"{", "["}:
        page = _read_api(text)
        if page.drafts or not page.faults or "</" not in text:
            return page
    if _is_xml(start):
        found = _read_xml(text)
        if found is not None:
            return found
    if "<" not in text:
        return Page("unknown", faults=("no markup, XML or JSON in it",))
    return _read_html(text)


def _is_xml(start: str) -> bool:
    lowered = start.lower()
    if "<html" in lowered or "<!doctype html" in lowered:
        return False
    return lowered.startswith(
        (
            "<?xml",
            "<rss",
            "<feed",
            "<urlset",
            "<sitemapindex",
            "<source",
            "<jobs",
            "<items",
            "<showpositionopening",
            "<rdf",
            "<trovit",
            "<add",
            "<!--",
        )
    )


def _read_api(text: str) -> Page:
    values = parse_json(text)
    if not values:
        return Page("api", faults=("JSON that cannot be read",))
    postings = drafts_in(values, reader="api")
    if postings:
        return Page("api", postings)
    return Page("api", tuple(draft for value in values for draft in drafts_in_objects(value, reader="api")))


def _read_xml(text: str) -> Page | None:
    root = parse_xml(text)
    if root is None:
        return None
    if read_sitemap(root) is not None:
        return Page("sitemap")
    drafts = read_feed(root)
    return Page("feed", drafts) if drafts or not text.lstrip().startswith("<!--") else None


def parse_html(text: str) -> etree._Element | None:
    """Parse HTML of any quality; None when there is nothing to parse."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=False)
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root


def _read_html(text: str) -> Page:
    root = parse_html(text)
    scripts = list(scripts_of(text))
    if root is None:
        drafts, _unreadable = read_json_ld(scripts)
        return Page("html", drafts, () if drafts else ("markup that cannot be read",))
    if is_telegram(text):
        return Page("telegram", *read_telegram(root))
    drafts, unreadable = read_json_ld(scripts)
    faults = (f"{unreadable} JSON-LD block(s) that cannot be read",) if unreadable else ()
    if not _complete(drafts):
        drafts = _add(drafts, read_microdata(root))
    if not _complete(drafts):
        drafts = _add(drafts, read_state(scripts))
    return Page("html", _finish(drafts, root, scripts), faults)


def _complete(drafts: tuple[Draft, ...]) -> bool:
    return bool(drafts) and all(getattr(draft, name) for draft in drafts for name in _HOLES)


def _add(drafts: tuple[Draft, ...], others: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """Fill gaps from data about the same job; with nothing found yet, take the others as they are."""
    if not drafts:
        return others
    filled: list[Draft] = []
    for draft in drafts:
        same = [other for other in others if _same_job(draft, other)]
        if not same and len(drafts) == 1 and len(others) == 1 and not (draft.title and others[0].title):
            same = list(others)
        filled.append(fill_gaps(draft, same[0]) if same else draft)
    return tuple(filled)


def _same_job(draft: Draft, other: Draft) -> bool:
    return bool(draft.title and other.title and draft.title.casefold() == other.title.casefold())


def _finish(drafts: tuple[Draft, ...], root: etree._Element, scripts: list[Script]) -> tuple[Draft, ...]:
    if not drafts:
        cards = read_cards(root)
        if len(cards) > 1:
            return cards
        headed = read_headed(root)
        if headed:
            return headed
        shown = read_detail(root)
        return (fill_gaps(shown, read_facts(scripts) or shown),) if shown else cards
    if len(drafts) > 1:
        return drafts
    draft = drafts[0]
    if not all(getattr(draft, name) for name in _HOLES):
        shown = read_detail(root)
        if shown is not None:
            draft = fill_gaps(draft, replace(shown, places=(), pay_raw=None, employment_type=None))
    if not draft.url:
        draft = replace(draft, url=canonical_url(root))
    return (_with_table(draft, root) if draft.reader != "page" else draft,)


def _with_table(draft: Draft, root: etree._Element) -> Draft:
    """Fill gaps from the page's own table of facts, which shows what its structured data leaves out."""
    facts = paired_captions(root, "dt", "th")
    place = facts.get("place")
    shown = Draft(
        reader="page",
        employer=facts.get("employer"),
        places=(place,) if place else (),
        pay_raw=facts.get("pay_raw"),
        employment_type=facts.get("employment_type"),
        posted=facts.get("posted"),
        valid_through=facts.get("valid_through"),
    )
    return fill_gaps(draft, shown)
