"""Keeps webhooks out of private networks: a partner chooses the address, we make the connection.

The name is resolved once, every address it gives is checked, and the connection goes to a checked
one, so that a name cannot point elsewhere between check and connection.
"""

import ipaddress
import socket
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import ConnectError, NetworkBackend, NetworkStream, ReadTimeout, SyncBackend

from model.schema.address import Address, is_public

PORTS = frozenset({443, 8443})
_PRIVATE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")


class PrivateAddressError(ConnectError):
    """The endpoint's name leads to an address that is not public."""


def refusal(url: str, *, allow_private: bool) -> str | None:
    """Say why an address cannot be an endpoint; None when it can, as far as its text tells."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is no web address"
    host = (parts.hostname or "").rstrip(".").lower()
    if not host or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        return "it is no web address in ASCII"
    if parts.username or parts.password or parts.fragment:
        return "it must hold no user name, password or fragment"
    if allow_private:
        return None if parts.scheme in {"http", "https"} else "it must begin with http:// or https://"
    if parts.scheme != "https" or (port is not None and port not in PORTS):
        return "it must begin with https:// and use port 443 or 8443"
    return _host_refusal(host)


def _host_refusal(host: str) -> str | None:
    literal = _literal(host)
    if host.endswith(_PRIVATE_NAMES) or (literal is not None and not is_public(literal)):
        return "it leads into a private network"
    if literal is None and ("." not in host or host.rpartition(".")[2].isdigit()):
        return "it must name a public host"
    return None


class GuardedBackend(NetworkBackend):
    """Connects to public addresses only, and never for longer than `total_s` from connecting on."""

    def __init__(self, *, total_s: float, allow_private: bool) -> None:
        self._plain = SyncBackend()
        self._total_s = total_s
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """Connect to a checked address of the host; raises `PrivateAddressError`."""
        until = time.monotonic() + self._total_s
        address = checked_address(host, port, allow_private=self._allow_private)
        stream = self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
        return _Deadline(stream, until)


def checked_address(host: str, port: int, *, allow_private: bool) -> str:
    """Resolve a host and give an address to connect to; raises unless all its addresses are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectError("the name does not resolve") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(is_public(ipaddress.ip_address(a.partition("%")[0])) for a in addresses):
        raise PrivateAddressError("the name leads into a private network")
    return addresses[0]


class _Deadline(NetworkStream):
    """A stream whose reads and writes share one time limit, so that a dripping answer ends too."""

    def __init__(self, stream: NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Deadline(secured, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise ReadTimeout("the answer took too long")
        return left if timeout is None else min(left, timeout)


def make_pool(*, total_s: float, allow_private: bool) -> httpcore2.ConnectionPool:
    """Make the connections for webhooks: guarded, no redirects, no proxy, closed after each answer."""
    return httpcore2.ConnectionPool(
        network_backend=GuardedBackend(total_s=total_s, allow_private=allow_private),
        max_keepalive_connections=0,
        retries=0,
    )


def _literal(host: str) -> Address | None:
    """Read an address in any spelling that a resolver would take, such as `127.1` or `0x7f000001`."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
