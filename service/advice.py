"""What a job board may do with an answer, by the mode its key is in. Advice: the board decides.

| mode | `low`, `not_an_advert` | `unassessed` | `review` | `high` |
| --- | --- | --- | --- | --- |
| `observe` | publish | publish | publish | publish |
| `advise` | publish | publish | warn | warn |
| `enforce` | publish | review | review | hold |

An employer on the board's own list turns `warn`, `review` and `hold` into `publish`, unless the advert is
linked to confirmed ones. `would` says what `enforce` would have said, so that a board in `observe` sees it.
"""

from enum import StrEnum

from model.schema.assessment import Assessment, Band
from model.schema.record import Record


class Mode(StrEnum):
    """How far a board lets answers reach."""

    OBSERVE = "observe"
    """Nothing is to happen yet: look at what would."""
    ADVISE = "advise"
    """Publish, with the notices in sight of the board's team."""
    ENFORCE = "enforce"
    """Hold back what is `high`, and look at what is `review` before it goes live."""


class Do(StrEnum):
    """What is advised. Open: clients must tolerate new members."""

    PUBLISH = "publish"
    WARN = "warn"
    """Publish, and show the notices or tell your team."""
    REVIEW = "review"
    """A person should look before it goes live."""
    HOLD = "hold"
    """Keep it back until a person has decided."""


class Advice(Record):
    """What to do with an answer."""

    mode: Mode
    """The mode of your key."""
    do: Do
    """What this mode advises."""
    would: Do
    """What `enforce` would advise."""
    because: str
    """`band`, or `allow_list` where your own list settled it."""


_ENFORCED = {Band.HIGH: Do.HOLD, Band.REVIEW: Do.REVIEW, Band.UNASSESSED: Do.REVIEW}
_ADVISED = {Band.HIGH: Do.WARN, Band.REVIEW: Do.WARN}


def advise(assessment: Assessment, *, mode: Mode, allowed: bool) -> Advice:
    """Say what to do with an assessment; `allowed` when the board's own list names the employer."""
    would = Do.PUBLISH if allowed else _ENFORCED.get(assessment.band, Do.PUBLISH)
    do = {
        Mode.OBSERVE: Do.PUBLISH,
        Mode.ADVISE: Do.PUBLISH if allowed else _ADVISED.get(assessment.band, Do.PUBLISH),
        Mode.ENFORCE: would,
    }[mode]
    settled = allowed and assessment.band in _ENFORCED
    return Advice(mode=mode, do=do, would=would, because="allow_list" if settled else "band")
