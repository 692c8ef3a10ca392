"""What an advert's page shows, computed from the records; templates print it and compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Fact, Reason
from service.console.highlight import Cover, Piece, cut, hits_of
from service.console.lowering import BASELINE, Lowering, lowerings_of
from service.console.softening import CONTACT, covers_of, passages, without_hard_words
from service.review.masking import hide_contacts

CONTACT_FACTS = ("contact", "phone", "email", "handle")
SHOWN_REASONS = 6
"""How many reasons each way stand open; the weaker ones are folded."""
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


OURS = frozenset({"Posted on", "Open until", "Source", "Fetched", "Page digest"})
"""Details that we wrote: a date in them is no phone number."""


@dataclass(frozen=True)
class AdvertView:
    """The advert with everything said about it."""

    texts: tuple[tuple[str, list[tuple[Cover | None, list[Piece]]]], ...]
    """Field and its passages, in reading order: what covers each, and its pieces."""
    reasons: tuple[ReasonView, ...]
    counter_reasons: tuple[ReasonView, ...]
    baseline: float | None
    """What held before reading, in log-odds."""
    patterns: tuple[tuple[str, float], ...]
    """Pattern in words and probability, most likely first."""
    facts: tuple[Fact, ...]
    details: tuple[tuple[str, str], ...]
    """What the page said beside its text: employer, places, pay, dates."""
    lowerings: tuple[Lowering, ...]
    """What would bring the score under each line it reaches."""


def view_advert(
    advert: JobAdvert, assessment: Assessment, *, with_contacts: bool, softened: bool = False
) -> AdvertView:
    """Lay out an advert; without permission for contacts they are dotted out everywhere.

    Softened, contacts and what is hard to read are covered in the text and left out beside it.
    """
    known = [contact.value for contact in advert.contacts]
    said = [reason for reason in assessment.reasons if reason.code != BASELINE]
    said.sort(key=lambda reason: (reason.log_odds < 0, -abs(reason.log_odds)))
    numbers = {reason.code: number for number, reason in enumerate(said, start=1)}
    texts, covered = [], dict[str, list[Cover]]()
    for name, received in advert.texts:
        text = received if with_contacts else hide_contacts(received, known=known)
        shown = said if with_contacts else [_reason_without_contacts(one, known=known) for one in said]
        covers = covers_of(text, name, said, known=known) if softened else []
        covered[name] = [cover for cover in covers if cover.label != CONTACT]
        pieces = cut(text, hits_of(list(enumerate(shown, start=1)), name), covers)
        texts.append((name, passages(pieces)))
    if softened:
        said = [without_hard_words(reason, covered) for reason in said]
    with_contacts = with_contacts and not softened
    if not with_contacts:
        said = [_reason_without_contacts(reason, known=known) for reason in said]
    rows = _rows(list(enumerate(said, start=1)))
    facts = assessment.facts if with_contacts else _facts_without_contacts(assessment.facts, known=known)
    details = [
        (name, value if with_contacts or name in OURS else hide_contacts(value, known=known))
        for name, value in _details(advert)
    ]
    if with_contacts:
        details += [(f"Contact, {contact.kind}", contact.value) for contact in advert.contacts]
    return AdvertView(
        texts=tuple(texts),
        reasons=tuple(row for row in rows if row.reason.log_odds >= 0),
        counter_reasons=tuple(row for row in rows if row.reason.log_odds < 0),
        baseline=next((r.log_odds for r in assessment.reasons if r.code == BASELINE), None),
        patterns=_patterns(assessment),
        facts=tuple(facts),
        details=tuple(details),
        lowerings=tuple(lowerings_of(assessment, numbers)),
    )


def words(code: str) -> str:
    """Give a code such as `money_mule` as words."""
    return code.replace("_", " ").replace(" usd", " USD")


def _patterns(assessment: Assessment) -> tuple[tuple[str, float], ...]:
    named = [(words(name), probability) for name, probability in assessment.patterns.items()]
    return tuple(sorted(named, key=lambda pair: -pair[1]))


def _reason_without_contacts(reason: Reason, *, known: Sequence[str]) -> Reason:
    spans = tuple(
        span.model_copy(
            update={
                "text": hide_contacts(span.text, known=known),
                "gloss": hide_contacts(span.gloss, known=known) if span.gloss else None,
            }
        )
        for span in reason.spans
    )
    return reason.model_copy(update={"spans": spans})


def _rows(numbered: Sequence[tuple[int, Reason]]) -> list[ReasonView]:
    longest = max((abs(reason.log_odds) for _, reason in numbered), default=0) or 1
    rows = []
    for number, reason in numbered:
        width = round(abs(reason.log_odds) / longest * BAR_WIDTH, 1)
        quotes = dict.fromkeys(span.text for span in reason.spans)
        x = BAR_WIDTH if reason.log_odds >= 0 else BAR_WIDTH - width
        rows.append(ReasonView(number, reason, x, width, tuple(quotes)))
    return rows


def _facts_without_contacts(facts: Sequence[Fact], *, known: Sequence[str]) -> list[Fact]:
    """Leave out facts that are contacts, and dot out what others quote of them."""
    shown = [fact for fact in facts if not fact.kind.startswith(CONTACT_FACTS)]
    return [
        fact.model_copy(update={"raw": hide_contacts(fact.raw, known=known)}) if fact.raw else fact
        for fact in shown
    ]


def _details(advert: JobAdvert) -> list[tuple[str, str]]:
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
    return [(name, value) for name, value in pairs if value]
