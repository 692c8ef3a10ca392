"""Signs and sends one message to one endpoint, and reads nothing of the answer but its status."""

import base64
import time
from dataclasses import dataclass
from datetime import datetime

import httpcore2
from httpcore2 import ConnectionPool
from standardwebhooks import Webhook

from service.store.outbox import Due
from service.tokens import keyed_hash
from service.webhooks.guard import PrivateAddressError

TIMEOUT_S = 20.0
GONE = 410
_MOST_WAIT_S = 24 * 3600


@dataclass(frozen=True)
class Attempt:
    """How one try ended."""

    status: int | None
    """The endpoint's HTTP status; None when there was no answer."""
    fault: str | None
    """Why the message does not count as delivered; None when it does."""
    ms: int
    retry_after_s: int = 0
    """How long the endpoint asked to be left alone."""


def secret_of(endpoint_id: str, version: int, *, pepper: bytes) -> str:
    """Give an endpoint's signing secret, derived from the service's own: no database holds it."""
    derived = keyed_hash(f"{endpoint_id}:{version}", pepper=pepper, purpose="webhook")
    return "whsec_" + base64.b64encode(bytes.fromhex(derived)).decode()


def headers_of(due: Due, *, at: datetime, pepper: bytes) -> dict[str, str]:
    """Give the headers that name, date and sign a message; during a rotation both secrets sign."""
    versions = [due.secret_version]
    if due.previous_until is not None and at < due.previous_until:
        versions.append(due.secret_version - 1)
    signatures = [
        Webhook(secret_of(due.endpoint_id, version, pepper=pepper)).sign(due.message_id, at, due.payload)
        for version in versions
    ]
    return {
        "webhook-id": due.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": "lurewatch-webhooks",
    }


def send(pool: ConnectionPool, due: Due, *, at: datetime, pepper: bytes) -> Attempt:
    """Send a message once; never raises for what the other side does."""
    begun = time.perf_counter()
    headers = [(k.encode(), v.encode()) for k, v in headers_of(due, at=at, pepper=pepper).items()]
    waits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)}
    try:
        with pool.stream(
            "POST", due.url, headers=headers, content=due.payload.encode(), extensions=waits
        ) as answer:
            status, said = answer.status, dict(answer.headers)
    except PrivateAddressError:
        return Attempt(None, "private address", _ms(begun))
    except httpcore2.TimeoutException:
        return Attempt(None, "no answer in time", _ms(begun))
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.UnsupportedProtocol,
        OSError,
        ValueError,
    ) as error:
        return Attempt(None, f"no connection ({type(error).__name__})", _ms(begun))
    fault = None if status // 100 == 2 else f"answered {status}"  # noqa: PLR2004
    if status // 100 == 3:  # noqa: PLR2004
        fault = f"answered {status}; redirects are not followed"
    return Attempt(status, fault, _ms(begun), _retry_after(said))


def _retry_after(headers: dict[bytes, bytes]) -> int:
    lowered = {name.lower(): value for name, value in headers.items()}
    said = lowered.get(b"retry-after", b"")
    return min(int(said), _MOST_WAIT_S) if said.isdigit() and len(said) < 9 else 0  # noqa: PLR2004


def _ms(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
