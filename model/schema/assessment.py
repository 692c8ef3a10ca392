"""What the detector says of one advert: score, band, and every reason with its spans.

`SCHEMA_VERSION` counts shapes that were ever stored. `read_assessment` reads all of them;
a new shape adds a step to `_UPGRADES` and a stored sample to `tests/contract/stored/`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from model.schema.record import Record

SCHEMA_VERSION = 1

Probability = Annotated[float, Field(ge=0, le=1)]


class Band(StrEnum):
    """The score's name for people. Open: clients must tolerate new members."""

    LOW = "low"
    REVIEW = "review"
    HIGH = "high"
    UNASSESSED = "unassessed"
    """Too little text or no support for the language: not the same as low."""
    NOT_AN_ADVERT = "not_an_advert"
    """A warning, a news report, a help offer or somebody looking for work."""


class Support(StrEnum):
    """How much the catalogue knows of a language."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class Span(Record):
    """A stretch of the advert's text, exactly as its sender wrote it."""

    field: str
    """`title` or `description`."""
    start: int
    """First character, in Unicode code points from 0; the server, not the browser, does the highlighting."""
    end: int
    """One past the last character."""
    text: str
    """`field[start:end]`, letter for letter."""
    gloss: str | None = None
    """What it says in plain English, for an investigator who does not read the language."""


class Source(Record):
    """Where the knowledge behind a reason was published."""

    publisher: str
    """The organisation that published it."""
    title: str
    """The document's title."""
    url: str | None = None
    """Where it was read."""
    year: int | None = None
    """Year of publication, when the page states one."""


class Reason(Record):
    """One thing that moved the score, up or down, and by how much.

    The `log_odds` of all reasons of an assessment, the `baseline` one included, sum to the
    logit of its score. Negative ones are counter-reasons.
    """

    code: str
    """Stable name, for example `all_inclusive_package`; `baseline` is what held before reading."""
    title: str
    """The sign in plain words."""
    log_odds: float
    """Its share of the score, in log-odds (natural logarithm)."""
    spans: tuple[Span, ...] = ()
    """Where the advert says so; empty when the reason is something missing or a computed fact."""
    sources: tuple[Source, ...] = ()
    """Published warnings or judgments behind the sign."""
    why: str | None = None
    """Why the sign matters, in one or two sentences."""


class Thresholds(Record):
    """The scores at which the bands begin."""

    review: Probability
    """From here on a person should look."""
    high: Probability
    """From here on the advert matches the pattern strongly."""


class Language(Record):
    """Which language the advert is in, and what we can do with it."""

    code: str
    """ISO 639 code, `und` when it could not be told."""
    script: str
    """ISO 15924 code of the dominant script, `Zyyy` when there are no letters."""
    support: Support
    """How much the catalogue knows of the language."""
    confidence: Probability | None = None
    """How sure the guess is; matching never depends on it."""


class Linked(Record):
    """What the advert shares with other adverts of the same sender."""

    campaign: str | None = None
    """Id of the campaign it belongs to; null when it stands alone."""
    adverts: int = 0
    """How many other adverts are in that campaign."""
    confirmed: int = 0
    """How many of them a person confirmed."""
    via: tuple[str, ...] = ()
    """What is shared: `template`, `telegram`, `phone`, `url`, …"""


class Fact(Record):
    """Something read off the advert and understood; shown to people, raw beside parsed."""

    kind: str
    """For example `pay_monthly_usd`, `place`, `contact`, `audience_country`."""
    value: str | float | bool
    """As understood."""
    raw: str | None = None
    """As written."""
    note: str | None = None
    """What it was compared with, and on which date."""


class Assessment(Record):
    """The detector's answer about one advert. It judges an advert, never a person."""

    advert_id: str
    """Which advert."""
    score: Probability
    """Calibrated probability that the advert recruits for a scam centre, at the stated base rate."""
    band: Band
    """The score's name under `thresholds`, or why there is none."""
    thresholds: Thresholds
    """The scores at which `review` and `high` begin."""
    patterns: dict[str, Probability]
    """One probability per pattern; `scam_centre` equals `score`."""
    reasons: tuple[Reason, ...] = ()
    """Everything that moved the score, strongest first; counter-reasons are negative."""
    language: Language
    """Which language, and how well it is supported."""
    linked: Linked = Linked()
    """What it shares with adverts already looked at."""
    facts: tuple[Fact, ...] = ()
    """What was read off the advert: pay, places, contacts."""
    notes: tuple[str, ...] = ()
    """Limits of this assessment in plain words, for example why it is `unassessed`."""
    model_version: str
    """The release that scored it."""
    catalogue_version: str
    """The catalogue it was matched against."""
    assessed_at: datetime
    """When (UTC)."""
    schema_version: int = SCHEMA_VERSION
    """Which stored shape this is."""


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From a stored version to the next one; empty while there is only one."""


def read_assessment(stored: Mapping[str, Any]) -> Assessment:
    """Read an assessment of any version ever stored; raises `ValueError` on one from the future."""
    value = dict(stored)
    version = int(value.get("schema_version", 1))
    if version > SCHEMA_VERSION:
        message = f"assessment has schema_version {version}; this Lurewatch reads up to {SCHEMA_VERSION}: upgrade it"
        raise ValueError(message)
    while version < SCHEMA_VERSION:
        value = _UPGRADES[version](value)
        version += 1
    return Assessment.model_validate({**value, "schema_version": SCHEMA_VERSION})
