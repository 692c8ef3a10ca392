"""What goes into a package, read from the store and, unless it is a full one, without contacts.

Redacted: contacts are dotted out of every text, addresses and contact boxes go, notes go, archived pages
are named by digest only. Reviewers appear under their pseudonyms either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, read_assessment
from model.schema.decision import Decision
from service.packages.verify_package import START, seal_entry
from service.review.masking import hide_contacts
from service.store import reviews, users
from service.store.audit import SYSTEM
from service.store.tables import AdvertRow, AssessmentRow, AuditEventRow, ReviewRow

CONTACT_FACTS = ("contact", "phone", "email", "handle")
_IN_ONE_QUERY = 500


@dataclass(frozen=True)
class Item:
    """One advert with everything said about it."""

    review_id: str
    digest: str
    """SHA-256 of what the advert said as received, contacts included."""
    received_at: datetime
    advert: JobAdvert
    assessment: Assessment
    decisions: tuple[Decision, ...]
    """Newest first; undone ones are in the custody log only."""

    @property
    def standing(self) -> Decision | None:
        """The decision that stands."""
        return self.decisions[0] if self.decisions else None


@dataclass(frozen=True)
class Contents:
    """What a package is made of."""

    items: tuple[Item, ...]
    custody: tuple[dict[str, Any], ...]
    """The custody log, sealed entry by entry."""
    full: bool
    purpose: str | None
    campaign_id: str | None
    made_by: str
    """The pseudonym of who made it."""
    made_at: datetime


def collect(
    session: Session,
    review_ids: Sequence[str],
    *,
    full: bool,
    purpose: str | None,
    campaign_id: str | None,
    made_by: str,
    made_at: datetime,
) -> Contents:
    """Read what is known of these reviews' adverts."""
    names = users.pseudonyms(session)
    rows = session.execute(
        select(ReviewRow, AdvertRow, AssessmentRow)
        .join(AdvertRow, AdvertRow.key == ReviewRow.advert_key)
        .join(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .where(ReviewRow.id.in_(review_ids))
        .order_by(ReviewRow.id)
    ).all()
    items = []
    for review, row, said in rows:
        advert, assessment = JobAdvert.from_json(row.record), read_assessment(said.record)
        decisions = [
            reviews.as_decision(
                decision, advert_id=advert.id, pseudonym=names.get(decision.decided_by, "unknown")
            )
            for decision in reviews.list_decisions(session, review.id)
            if decision.undone_at is None
        ]
        if not full:
            advert = redacted(advert)
            assessment = redacted_assessment(assessment, advert)
            decisions = [decision.model_copy(update={"note": None}) for decision in decisions]
        items.append(Item(review.id, row.digest, row.received_at, advert, assessment, tuple(decisions)))
    subjects = [*review_ids, *([campaign_id] if campaign_id else [])]
    return Contents(
        items=tuple(items),
        custody=_custody(session, subjects, names=names),
        full=full,
        purpose=purpose,
        campaign_id=campaign_id,
        made_by=made_by,
        made_at=made_at,
    )


def redacted(advert: JobAdvert) -> JobAdvert:
    """Give the advert without any way to answer it or to find it again."""
    known = [contact.value for contact in advert.contacts]
    texts = {name: hide_contacts(text, known=known) for name, text in advert.texts}
    employer = advert.employer
    if employer is not None:
        name = hide_contacts(employer.name, known=known) if employer.name else None
        employer = employer.model_copy(update={"name": name, "url": None})
    pay_raw = hide_contacts(advert.pay_raw, known=known) if advert.pay_raw else None
    return advert.model_copy(
        update={**texts, "employer": employer, "pay_raw": pay_raw, "url": None, "contacts": ()}
    )


def redacted_assessment(assessment: Assessment, advert: JobAdvert) -> Assessment:
    """Give the assessment of a redacted advert: spans quote it as it is now, facts name no contact."""
    texts = dict(advert.texts)
    reasons = tuple(
        reason.model_copy(
            update={
                "spans": tuple(
                    span.model_copy(
                        update={
                            "text": texts.get(span.field, "")[span.start : span.end],
                            "gloss": hide_contacts(span.gloss) if span.gloss else None,
                        }
                    )
                    for span in reason.spans
                )
            }
        )
        for reason in assessment.reasons
    )
    facts = tuple(
        fact.model_copy(update={"raw": hide_contacts(fact.raw) if fact.raw else None})
        for fact in assessment.facts
        if not fact.kind.startswith(CONTACT_FACTS)
    )
    return assessment.model_copy(update={"reasons": reasons, "facts": facts})


def _custody(
    session: Session, subjects: Sequence[str], *, names: dict[str, str]
) -> tuple[dict[str, Any], ...]:
    events: list[AuditEventRow] = []
    for start in range(0, len(subjects), _IN_ONE_QUERY):
        part = subjects[start : start + _IN_ONE_QUERY]
        events += session.scalars(select(AuditEventRow).where(AuditEventRow.subject.in_(part)))
    previous, entries = START, []
    for number, event in enumerate(sorted(events, key=lambda event: event.seq), start=1):
        entry = {
            "n": number,
            "at": event.at.isoformat(),
            "act": event.act,
            "by": names.get(event.actor, event.actor if event.actor in {SYSTEM, "operator"} else "unknown"),
            "subject": event.subject,
            "detail": {
                key: names.get(value, value) if isinstance(value, str) else value
                for key, value in event.detail.items()
            },
            "service_log": {"seq": event.seq, "digest": event.digest},
            "previous": previous,
        }
        previous = entry["digest"] = seal_entry(entry)
        entries.append(entry)
    return tuple(entries)
