"""What a person decided about an advert, and what training may learn from it."""

from datetime import datetime
from enum import StrEnum

from model.schema.record import Record


class Verdict(StrEnum):
    """What a reviewer says of an advert."""

    CONFIRMED = "confirmed"
    LEGITIMATE = "legitimate"
    NOT_AN_ADVERT = "not_an_advert"
    UNSURE = "unsure"


class LabelName(StrEnum):
    """What an advert is, as training sees it."""

    SCAM_CENTRE = "scam_centre"
    FEE_FRAUD = "fee_fraud"
    TASK_SCAM = "task_scam"
    MONEY_MULE = "money_mule"
    OTHER_DECEPTIVE = "other_deceptive"
    LEGITIMATE = "legitimate"
    NOT_AN_ADVERT = "not_an_advert"


PATTERNS = (
    LabelName.SCAM_CENTRE,
    LabelName.FEE_FRAUD,
    LabelName.TASK_SCAM,
    LabelName.MONEY_MULE,
    LabelName.OTHER_DECEPTIVE,
)
"""The deceptive labels: one head of the classifier each; a confirmation names one of them."""


class Provenance(StrEnum):
    """Where a label comes from; kept, because not all labels weigh the same."""

    HUMAN = "human"
    AGREED = "agreed"
    """Two reviewers, independently."""
    PARTNER = "partner"
    PROPAGATED = "propagated"
    """Carried over from the campaign the advert belongs to."""
    IMPORTED = "imported"
    AUTHORED = "authored"
    """Written for this project, with its label."""


class Decision(Record):
    """One person's verdict on one advert, with the assessment it answered."""

    id: str
    """Unique id of the decision."""
    advert_id: str
    """Which advert."""
    verdict: Verdict
    """What the reviewer said."""
    pattern: LabelName | None = None
    """Which deception, with `confirmed`."""
    reason_code: str | None = None
    """Why, from a fixed list."""
    note: str | None = None
    """The reviewer's own words; never exported by default."""
    decided_by: str
    """The reviewer's pseudonym."""
    decided_at: datetime
    """When (UTC)."""
    score: float | None = None
    """The score that was on screen."""
    model_version: str | None = None
    """The release that gave it."""
    supersedes: str | None = None
    """The decision this one replaces; an undone decision stays on record."""


class Label(Record):
    """One advert's text with what it is: a row of `training_data/labels/*.jsonl`."""

    id: str
    """Unique within the training data."""
    text: str
    """The advert's words, contacts fictional or masked."""
    title: str | None = None
    """The heading, where the advert has one of its own."""
    label: LabelName
    """What it is."""
    variant: str | None = None
    """Which kind within the label, for slices of the report."""
    language: str
    """ISO 639 code."""
    country: str | None = None
    """ISO 3166 code of the people it speaks to."""
    surface: str | None = None
    """`one_liner`, `chat_post` or `job_board`."""
    campaign: str | None = None
    """Rows of one campaign never stand on both sides of a split."""
    twin: str | None = None
    """The row of the contrast pair that differs only in what is offered."""
    employer: str | None = None
    """Employer or source of the row, for grouped splits."""
    posted_on: str | None = None
    """ISO date, for splits by time."""
    provenance: Provenance = Provenance.AUTHORED
    """Where the label comes from."""
    origin: str = "hand"
    """How the row was made: `hand`, `template:<name>`, `console`, `import:<source>`."""
    note: str | None = None
    """Why this label."""
