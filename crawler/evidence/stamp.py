"""RFC 3161 time stamps over Merkle roots, from a service the operator names."""

import hashlib
import urllib.request
from collections.abc import Callable
from pathlib import Path

from crawler.errors import EvidenceError
from crawler.evidence.verify_evidence import read_stamp

_TIMEOUT_S = 30
_MAX_BYTES = 100_000


def stamper(address: str | None) -> Callable[[bytes, Path], None] | None:
    """Give what stamps a root and saves the answer as a `.tsr` file; None when no service is named."""
    if address is None:
        return None
    if not address.startswith(("http://", "https://")):
        raise EvidenceError(f"{address}: a time stamping service is named by its http:// or https:// address")
    return lambda root, path: save_stamp(root, path, address=address)


def save_stamp(root: bytes, path: Path, *, address: str) -> None:
    """Ask the service to stamp `root`; raises `EvidenceError` when it does not give a stamp."""
    from rfc3161_client import TimestampRequestBuilder

    request = TimestampRequestBuilder().data(root).build()
    # `stamper` has seen to it that the address is http or https
    call = urllib.request.Request(  # noqa: S310
        address, data=request.as_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(call, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            reply = answer.read(_MAX_BYTES)
        stamp = read_stamp(reply)
    except (OSError, ValueError, IndexError) as error:
        raise EvidenceError(
            f"{address}: gave no time stamp ({type(error).__name__}); the root itself is kept"
        ) from error
    if hashlib.new(stamp.algorithm, root).digest() != stamp.digest:
        raise EvidenceError(f"{address}: stamped something else than the root; the root itself is kept")
    path.write_bytes(reply)
