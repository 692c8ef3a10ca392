"""Is this webhook really from Lurewatch? After Standard Webhooks 1.0.0."""

import json
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from service.client.records import Event


class UnverifiedError(Exception):
    """The message is not ours, was altered, or is older than five minutes: answer 400 and do nothing."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secrets: str | Sequence[str]) -> Event:
    """Give the event of a webhook whose signature holds; raises `UnverifiedError`.

    Hand in the body's bytes as received, and during a rotation both secrets. A message may come more
    than once: `Event.id` tells repeats.
    """
    given = {name.lower(): value for name, value in headers.items()}
    for secret in (secrets,) if isinstance(secrets, str) else secrets:
        try:
            Webhook(secret).verify(body, given, json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return Event.model_validate({"id": given["webhook-id"], **json.loads(body)})
    raise UnverifiedError("no signature of this message fits, or it is too old")
