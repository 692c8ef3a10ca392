"""Each record proves that it holds its own advert: what on the page names it?"""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from scrapy.http import Response

from crawler.pages.advert import Reading

_MIN_ID = 3


def proof_of(reading: Reading, *, response: Response, only: bool) -> str | None:
    """Say how the page names the advert: `url`, `id`, `page`; None when nothing does.

    `url`: the advert's address is the page's. `id`: the publisher's id of the advert stands in the
    address, or the list that led here gave it that id or path. `page`: the page holds several adverts and this one's address or id is written in it,
    or the page states no address and holds this advert alone.
    """
    stated, identifier = reading.raw.get("url"), str(reading.raw.get("identifier") or "")
    addresses = {_plain(response.url), _plain(str(response.meta.get("asked", response.url)))}
    if stated and reading.advert.url and _plain(reading.advert.url) in addresses:
        return "url"
    if _is_listed(response.meta.get("listed") or (), identifier, stated):
        return "id"
    if len(identifier) >= _MIN_ID and any(identifier in address for address in addresses):
        return "id"
    if not only and (stated or identifier):
        return "page"
    return "page" if only and not stated else None


def _is_listed(listed: Sequence[str], identifier: str, stated: str | None) -> bool:
    """Whether the advert bears the id, or its address ends with the path, under which the list named it."""
    return bool(identifier and identifier in listed) or any(
        path.startswith("/") and len(path) > _MIN_ID and (stated or "").endswith(path) for path in listed
    )


def _plain(url: str) -> str:
    parts = urlsplit(url)
    host, path = parts.netloc.lower().removeprefix("www."), unquote(parts.path).rstrip("/")
    # tracking values differ from link to link; an advert named only by its query keeps it
    return (
        f"{host}{path}" if any(char.isdigit() for char in path) else f"{host}{path}?{parts.query}".rstrip("?")
    )
