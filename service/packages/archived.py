"""An archived page to look at: what a crawl stored, checked against its digest and rendered inert.

Left of the markup are words and their order: no script, form, image, frame, link target or address of any
kind. The page's own look goes too, but for harmless properties in `style` attributes. Whoever serves it adds
`CSP`, so that a fault here still cannot reach the network.
"""

import hashlib
import html
import io
from dataclasses import dataclass

import nh3
from w3lib.encoding import html_to_unicode
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from service.errors import NotFoundError
from service.packages.pages import ArchivedPage

MOST_SHOWN = 2_000_000
"""Characters of a page that are shown."""
MOST_LINKS = 500
CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""No script, nothing loaded, nothing sent, an origin of its own, shown only inside our page."""
TAGS = set(
    "a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div "
    "dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark nav ol p pre q rp rt "
    "ruby s samp section small span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr".split()
)
DROPPED = set(
    "script style noscript template iframe object embed svg math title select textarea audio video".split()
)
"""Elements that go with everything in them."""
STYLES = set(
    "color background-color direction text-align text-decoration font-style font-weight white-space".split()
)
SPANS = {"colspan", "rowspan"}
SHEET = (
    "body{margin:1rem;font:1rem/1.5 system-ui,'Noto Sans',sans-serif;color:#111;background:#fff;"
    "overflow-wrap:anywhere}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2rem .5rem;"
    "text-align:start;vertical-align:top}footer.links{margin-top:2rem;border-top:2px solid #111;font-size:.85rem}"
)


@dataclass(frozen=True)
class Shown:
    """A page as taken from the archive."""

    media_type: str
    text: str
    body_digest: str
    """`sha256:…` of the body as it lies in the archive."""
    record_digest: str
    """SHA-256 of the WARC record, the one that the crawl's manifest lists."""
    n_bytes: int


def open_page(page: ArchivedPage) -> Shown:
    """Read a page out of its WARC record; raises `NotFoundError` when no response is in it."""
    try:
        record = next(iter(ArchiveIterator(io.BytesIO(page.record))))
        body = record.raw_stream.read()
        headers = record.http_headers
    except (StopIteration, ArchiveLoadFailed, EOFError, OSError):
        raise NotFoundError("the archived record of this page cannot be read") from None
    told = headers.get_header("content-type", "") if headers else ""
    _, text = html_to_unicode(told, body)
    return Shown(
        media_type=told.partition(";")[0].strip().lower() or "unknown",
        text=text,
        body_digest="sha256:" + hashlib.sha256(body).hexdigest(),
        record_digest=hashlib.sha256(page.record).hexdigest(),
        n_bytes=len(body),
    )


def render_inert(shown: Shown) -> str:
    """Give the page as a document that does nothing; targets of its links follow as plain text."""
    text, links = shown.text[:MOST_SHOWN], dict[str, None]()
    is_markup = "html" in shown.media_type or text.lstrip()[:1] == "<"
    body = _without_behaviour(text, links) if is_markup else f"<pre>{html.escape(text)}</pre>"
    if links:
        listed = "".join(f"<li>{html.escape(link)}</li>" for link in list(links)[:MOST_LINKS])
        body += f'<footer class="links">Where its links led, as text:<ul>{listed}</ul></footer>'
    return (
        '<!doctype html><html lang="und"><head><meta charset="utf-8"><title>Archived page</title>'
        f"<style>{SHEET}</style></head><body>{body}</body></html>"
    )


def _without_behaviour(text: str, links: dict[str, None]) -> str:
    def keep(element: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            if element == "a":
                links[" ".join(value.split())[:500]] = None
            return None
        return None if attribute == "style" and _loads(value) else value

    return nh3.clean(
        text,
        tags=TAGS,
        clean_content_tags=DROPPED,
        attributes={"*": {"dir", "lang", "style"}, "a": {"href"}, "td": SPANS, "th": SPANS},
        attribute_filter=keep,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "tel", "tg", "whatsapp", "line", "viber", "weixin"},
        link_rel=None,
    )


def _loads(style: str) -> bool:
    return "url" in style.lower() or "\\" in style
