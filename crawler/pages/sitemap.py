"""Sitemaps and sitemap indexes → the addresses they list, with the day each last changed."""

import gzip
import zlib
from dataclasses import dataclass

from lxml import etree

from crawler.pages.feed import local_name

MAX_UNZIPPED = 60_000_000
"""The sitemap protocol allows 50 MB uncompressed; anything larger is refused."""


@dataclass(frozen=True)
class Listed:
    """One entry of a sitemap."""

    url: str
    last_modified: str | None = None


def read_sitemap(root: etree._Element) -> tuple[Listed, ...] | None:
    """Give the entries of a sitemap or sitemap index; None when the XML is neither."""
    if local_name(root) not in {"urlset", "sitemapindex"}:
        return None
    entries: list[Listed] = []
    for entry in root:
        if local_name(entry) not in {"url", "sitemap"}:
            continue
        fields = {local_name(child): (child.text or "").strip() for child in entry}
        if fields.get("loc"):
            entries.append(Listed(fields["loc"], fields.get("lastmod") or None))
    return tuple(entries)


def is_index(root: etree._Element) -> bool:
    """Whether the entries are further sitemaps rather than pages."""
    return local_name(root) == "sitemapindex"


def unzip(body: bytes) -> bytes | None:
    """Give a gzipped sitemap's bytes; those of any other as they are; None when it is a bomb or broken."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        whole = unpacker.decompress(body, MAX_UNZIPPED)
    except (zlib.error, gzip.BadGzipFile):
        return None
    return None if unpacker.unconsumed_tail else whole
