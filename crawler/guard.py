"""Keeps the crawler out of private networks.

A hostile page may link, redirect or resolve to this machine, to the network it stands in or to a
cloud's metadata address. Addresses are checked where they are used: literal ones before a request
is sent, resolved ones in the resolver itself, so that a name cannot point elsewhere between check
and connection.
"""

import ipaddress
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.resolver import CachingThreadedResolver

from model.schema.address import Address, is_public, unwrapped

PORTS = frozenset({80, 443, 8080, 8443})
"""Where public job pages are served; other ports are somebody's other service."""
STOP_LIST = Path(__file__).parent / "sources" / "stop.txt"
"""Hosts that asked to be left alone, one a line."""


def can_connect(address: Address, *, allow_loopback: bool = False) -> bool:
    """Whether the crawler may connect to an address; loopback only where tests and the demo allow it."""
    return (allow_loopback and unwrapped(address).is_loopback) or is_public(address)


def refusal(
    url: str, *, allow_loopback: bool, ports: Collection[int] = PORTS, stopped: Collection[str] = ()
) -> str | None:
    """Why an address may not be fetched, in plain words; None when it may."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "malformed address"
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in {"http", "https"} or not host:
        return "not a web address"
    if parts.username or parts.password:
        return "address with a user name"
    if any(host == name or host.endswith(f".{name}") for name in stopped):
        return "host on the stop list"
    return _host_refusal(host, port, allow_loopback=allow_loopback, ports=ports)


def _host_refusal(host: str, port: int | None, *, allow_loopback: bool, ports: Collection[int]) -> str | None:
    address = _literal(host)
    local = host == "localhost" or (address is not None and address.is_loopback)
    if local and allow_loopback:
        return None
    private_name = local or host.endswith((".localhost", ".local", ".internal"))
    if private_name or (address is not None and not is_public(address)):
        return "private address"
    return "unusual port" if port is not None and port not in ports else None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def load_stop_list(path: Path = STOP_LIST) -> frozenset[str]:
    """Read the hosts that are never fetched; `#` begins a remark."""
    if not path.is_file():
        return frozenset()
    lines = (line.partition("#")[0].strip().lower() for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line)


class GuardMiddleware:
    """Refuses requests, redirects included, to addresses that must not be fetched."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._allow_loopback = crawler.settings.getbool("LUREWATCH_ALLOW_LOOPBACK")
        self._stopped = load_stop_list()
        self._ports = PORTS

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GuardMiddleware":
        """Build it as Scrapy does."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise `IgnoreRequest` for an address that must not be fetched, and report it."""
        reason = refusal(
            request.url, allow_loopback=self._allow_loopback, ports=self._ports, stopped=self._stopped
        )
        if reason is not None:
            self._crawler.spider.run.fault(reason, request.url)  # type: ignore[union-attr]
            raise IgnoreRequest(reason)

    def process_response(self, request: Request, response: Response) -> Response:
        """Look once more at the address that really answered."""
        address = response.ip_address
        if address is not None and not can_connect(address, allow_loopback=self._allow_loopback):
            self._crawler.spider.run.fault("private address", request.url)  # type: ignore[union-attr]
            raise IgnoreRequest("private address")
        return response


class PrivateAddressError(OSError):
    """A name resolved to an address that the crawler may not connect to."""


class GuardedResolver(CachingThreadedResolver):
    """Resolves names to public addresses only; the connection uses the very answer that was checked."""

    allow_loopback = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> "GuardedResolver":
        """Build it as Scrapy does."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_loopback = crawler.settings.getbool("LUREWATCH_ALLOW_LOOPBACK")
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Any:  # noqa: N802 - Twisted's name
        """Resolve a name; fails with `PrivateAddressError` when it leads to a private address."""
        check = partial(check_resolved, name, allow_loopback=self.allow_loopback)
        return super().getHostByName(name, timeout).addCallback(check)


def check_resolved(name: str, address: str, *, allow_loopback: bool) -> str:
    """Give the address back when it may be used; raises `PrivateAddressError`."""
    if not can_connect(ipaddress.ip_address(address), allow_loopback=allow_loopback):
        raise PrivateAddressError(f"{name} leads to a private address")
    return address
