"""What comes back, as records that tolerate what a later version adds: new fields and new values.

Names and meanings are the API's own; `/openapi.json` describes each.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Received(BaseModel):
    """The base of all records: fields we do not know yet are kept, not refused."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class Span(Received):
    """A stretch of the advert's text, in Unicode code points."""

    field: str
    start: int
    end: int
    text: str
    gloss: str | None = None


class Reason(Received):
    """What moved the score."""

    code: str
    title: str
    log_odds: float
    spans: tuple[Span, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()


class Problem(Received):
    """A refusal, as in RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = ""
    request_id: str = ""
    errors: tuple[Mapping[str, Any], ...] = ()

    @property
    def slug(self) -> str:
        """The kind of problem in one word, for example `rate-limited`."""
        return self.type.rpartition("/")[2]


class Answer(Received):
    """An assessment with its id."""

    id: str | None = None
    advert_id: str
    score: float
    band: str
    """`high`, `review`, `low`, `unassessed`, `not_an_advert`, or one that is newer than this client."""
    thresholds: Mapping[str, float]
    patterns: Mapping[str, float]
    reasons: tuple[Reason, ...] = ()
    language: Mapping[str, Any]
    linked: Mapping[str, Any] | None = None
    ignored: tuple[str, ...] = ()
    kept: Mapping[str, Any] | None = None
    model_version: str
    catalogue_version: str
    assessed_at: datetime


class BatchItem(Received):
    """One advert of a batch: an answer or a problem."""

    index: int
    status: int
    answer: Answer | None = None
    problem: Problem | None = None


class Job(Received):
    """A bulk job."""

    id: str
    state: str
    progress: float
    n_lines: int
    n_scored: int
    n_refused: int
    created_at: datetime
    finished_at: datetime | None = None
    fault: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in {"queued", "running"}


class JobLine(Received):
    """One line of a job's files."""

    line: int
    status: int
    answer: Answer | None = None
    problem: Problem | None = None


class WebhookEndpoint(Received):
    """Where webhooks go."""

    id: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    secret: str | None = None
    """Given once, when it was made or changed."""


class Event(Received):
    """A webhook that was verified."""

    id: str
    """The `webhook-id`: the same when a message is sent again, so keep those you have dealt with."""
    type: str
    timestamp: datetime
    data: Mapping[str, Any]
