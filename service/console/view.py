"""What an advert's page shows, computed from the records; templates print it and compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Fact, Reason
from service.console.highlight import Piece, cut, hits_of
from service.review.masking import hide_contacts

BASELINE = "baseline"
CONTACT_FACTS = ("contact", "phone", "email", "handle")
BAR_WIDTH = 100
"""Half the width of a bar's drawing, in its own units."""


@dataclass(frozen=True)
class ReasonView:
    """One reason as the page lists it."""

    number: int
    reason: Reason
    x: float
    """Where its bar begins, in the drawing's units; the middle is 100."""
    width: float
    quotes: tuple[str, ...]
    """The words it rests on, each once."""


@dataclass(frozen=True)
class AdvertView:
    """The advert with everything said about it."""

    texts: tuple[tuple[str, list[Piece]], ...]
    """Field and pieces, in reading order."""
    reasons: tuple[ReasonView, ...]
    counter_reasons: tuple[ReasonView, ...]
    baseline: float | None
    """What held before reading, in log-odds."""
    patterns: tuple[tuple[str, float], ...]
    """Pattern in words and probability, most likely first."""
    facts: tuple[Fact, ...]
    details: tuple[tuple[str, str], ...]
    """What the page said beside its text: employer, places, pay, dates."""


def view_advert(advert: JobAdvert, assessment: Assessment, *, with_contacts: bool) -> AdvertView:
    """Lay out an advert; without permission for contacts they are dotted out everywhere."""
    known = [contact.value for contact in advert.contacts]
    numbered = list(enumerate((r for r in assessment.reasons if r.code != BASELINE), start=1))
    rows = _rows(numbered, known=known, with_contacts=with_contacts)
    texts = tuple(
        (name, cut(text if with_contacts else hide_contacts(text, known=known), hits_of(numbered, name)))
        for name, text in advert.texts
    )
    facts = (f for f in assessment.facts if with_contacts or not f.kind.startswith(CONTACT_FACTS))
    return AdvertView(
        texts=texts,
        reasons=tuple(row for row in rows if row.reason.log_odds >= 0),
        counter_reasons=tuple(row for row in rows if row.reason.log_odds < 0),
        baseline=next((r.log_odds for r in assessment.reasons if r.code == BASELINE), None),
        patterns=_patterns(assessment),
        facts=tuple(facts),
        details=tuple(_details(advert, with_contacts=with_contacts)),
    )


def words(code: str) -> str:
    """Give a code such as `money_mule` as words."""
    return code.replace("_", " ")


def _patterns(assessment: Assessment) -> tuple[tuple[str, float], ...]:
    named = [(words(name), probability) for name, probability in assessment.patterns.items()]
    return tuple(sorted(named, key=lambda pair: -pair[1]))


def _rows(
    numbered: Sequence[tuple[int, Reason]], *, known: Sequence[str], with_contacts: bool
) -> list[ReasonView]:
    longest = max((abs(reason.log_odds) for _, reason in numbered), default=0) or 1
    rows = []
    for number, reason in numbered:
        width = round(abs(reason.log_odds) / longest * BAR_WIDTH, 1)
        quotes = dict.fromkeys(
            span.text if with_contacts else hide_contacts(span.text, known=known) for span in reason.spans
        )
        x = BAR_WIDTH if reason.log_odds >= 0 else BAR_WIDTH - width
        rows.append(ReasonView(number, reason, x, width, tuple(quotes)))
    return rows


def _details(advert: JobAdvert, *, with_contacts: bool) -> list[tuple[str, str]]:
    pairs = [
        ("Employer named", advert.employer.name if advert.employer else None),
        ("Places", "; ".join(advert.places)),
        ("Pay as written", advert.pay_raw),
        ("Employment", advert.employment_type),
        ("Posted on", advert.posted_on and advert.posted_on.isoformat()),
        ("Open until", advert.valid_through and advert.valid_through.isoformat()),
        ("Source", advert.source),
        ("Address", advert.url),
        ("Fetched", advert.fetched_at and f"{advert.fetched_at:%Y-%m-%d %H:%M} UTC"),
        ("Page digest", advert.page_digest),
    ]
    if with_contacts:
        pairs += [(f"Contact, {contact.kind}", contact.value) for contact in advert.contacts]
    return [(name, value) for name, value in pairs if value]
