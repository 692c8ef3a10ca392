"""The API's client in Python: typed, plain or async, with retries that never do a thing twice.

It needs `httpx2`, `pydantic` and `standardwebhooks` alone: `pip install lurewatch[client]`.
"""

from service.client.calls import Client
from service.client.calls_async import AsyncClient
from service.client.errors import ApiError, NoAnswerError
from service.client.records import (
    Answer,
    BatchItem,
    Event,
    Job,
    JobLine,
    Problem,
    Reason,
    Span,
    WebhookEndpoint,
)
from service.client.webhooks import UnverifiedError, verify_webhook

__all__ = [
    "Answer",
    "ApiError",
    "AsyncClient",
    "BatchItem",
    "Client",
    "Event",
    "Job",
    "JobLine",
    "NoAnswerError",
    "Problem",
    "Reason",
    "Span",
    "UnverifiedError",
    "WebhookEndpoint",
    "verify_webhook",
]
