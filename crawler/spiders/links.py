"""Where a page leads: sitemap entries, links to adverts, the next page of a list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from scrapy import Selector
from scrapy.http import Response

from crawler.pages.decode import decode_page
from crawler.pages.feed import parse_xml
from crawler.pages.json_text import parse_json, walk
from crawler.pages.sitemap import Listed, is_index, read_sitemap, unzip

_LIKELY = re.compile(
    r"/(?:job|jobs|vacanc\w*|career\w*|position|offer\w*|oferta\w*|vaga\w*|empleo\w*|viec-lam|tuyen-dung|lowongan|loker|stelle\w*|vakans\w*|annonce|emploi|work|view|advert|ads?)[/-][^/?#]*[\w-]{3,}",
    re.IGNORECASE,
)
_NEXT = ", ".join(
    f"{link}::attr(href)"
    for link in ("a[rel~=next]", "link[rel~=next]", "a.next", "li.next > a", "a[aria-label=Next]")
)
_MAX_SAME_SEGMENTS = 3
_MAX_QUERY = 12
_MAX_BOXES = 12
_OFFSETS = ("nextPage", "next_page", "next", "next_page_url", "nextPageUrl")
_CURSORS = ("nextCursor", "next_cursor", "cursor")


@dataclass(frozen=True)
class Sitemap:
    """What one sitemap lists."""

    entries: tuple[Listed, ...]
    is_index: bool


def sitemap_links(body: bytes) -> Sitemap | None:
    """Read a sitemap, gzipped or not; None when the page is something else."""
    whole = unzip(body)
    if whole is None or b"<" not in whole[:200]:
        return None
    if b"<urlset" not in whole[:2000] and b"<sitemapindex" not in whole[:2000]:
        return None
    root = parse_xml(decode_page(whole))
    entries = read_sitemap(root) if root is not None else None
    return Sitemap(entries, is_index(root)) if root is not None and entries is not None else None


def page_links(response: Response, *, detail: re.Pattern[str] | None, selector: str | None) -> Iterator[str]:
    """Give the addresses of adverts a listing links to, each once, without fragments."""
    page = Selector(text=decode_page(response.body))
    found = page.css(selector).getall() if selector else page.css("a::attr(href)").getall()
    if detail is None and not selector:
        found = [link for link in found if _LIKELY.search(link)]
    found += _item_list(page)
    seen: set[str] = set()
    for link in found:
        url = _absolute(response.url, link)
        if url and url not in seen and (detail is None or detail.search(url)):
            seen.add(url)
            yield url


def next_pages(response: Response, *, selector: str | None) -> Iterator[str]:
    """Give the addresses of the next page of a list, as its links or its JSON state them."""
    text = decode_page(response.body)
    start = text.lstrip("\ufeff \r\n\t")[:1]
    if start in {"{", "["}:
        yield from _next_in_json(response.url, text)
        return
    page = Selector(text=text)
    links = page.css(selector).getall() if selector else []
    links += page.css(_NEXT).getall()
    links += page.xpath("//link[@rel='prev' and starts-with(@href, '/s/')]/@href").getall()
    for link in dict.fromkeys(links):
        url = _absolute(response.url, link)
        if url:
            yield url


def _next_in_json(base: str, text: str) -> Iterator[str]:
    values = parse_json(text)
    tops = [node for value in values[:1] if isinstance(value, dict) for node in (value, *value.values())]
    tops = [node for node in tops if isinstance(node, dict)][:_MAX_BOXES]
    for node in tops:
        for name in _OFFSETS:
            value = node.get(name)
            if isinstance(value, str) and (url := _absolute(base, value)):
                yield url
        for name in _CURSORS:
            value = node.get(name)
            if isinstance(value, str) and value:
                yield with_query(base, cursor=value)


def like_a_trap(url: str) -> bool:
    """Whether an address looks made up: the same segment over and over, or a heap of query values."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    repeated = any(segments.count(segment) > _MAX_SAME_SEGMENTS for segment in set(segments))
    return repeated or len(parse_qsl(parts.query)) > _MAX_QUERY


def with_query(url: str, **values: str) -> str:
    """Give an address with some of its query's values set."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **values}
    return urlunsplit(parts._replace(query=urlencode(query)))


def _item_list(page: Selector) -> list[str]:
    """Links of a schema.org ItemList."""
    links = []
    for script in page.css("script[type='application/ld+json']::text").getall()[:20]:
        if "ItemList" not in script:
            continue
        for node in (node for value in parse_json(script) for node in walk(value)):
            item = node.get("item")
            url = node.get("url") or (item.get("url") if isinstance(item, dict) else item)
            if node.get("@type") == "ListItem" and isinstance(url, str):
                links.append(url)
    return links


def _absolute(base: str, link: str) -> str | None:
    try:
        url = urljoin(base, link.strip()).partition("#")[0]
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) else None


__all__ = ["Sitemap", "like_a_trap", "next_pages", "page_links", "sitemap_links", "with_query"]
