"""One verdict for a whole campaign: shown before it is given, checked on a sample, taken back as one.

What is decided is exactly what was shown: the form carries a seal over every advert and the assessment it
had, and when one of them has changed since, nothing is decided. Five adverts, drawn by that seal, have to
be looked at; a campaign larger than the cap takes several verdicts, each with five others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import ConflictError
from service.review import actions
from service.review.permissions import Permission, Person, check
from service.review.policies import check_free
from service.review.verdicts import Choice
from service.store import campaign_pages
from service.store.audit import Act, append_event
from service.store.ids import new_id
from service.store.tables import CampaignDecisionItemRow, CampaignDecisionRow, ReviewRow

CAP = 100
"""Adverts that one verdict decides at most."""
SAMPLE = 5
"""Adverts that have to be looked at first; all when there are fewer."""
MOST_MEMBERS = 2000


@dataclass(frozen=True)
class Preview:
    """What a verdict on a campaign would decide."""

    campaign_id: str
    due: tuple[ReviewRow, ...]
    left_out: tuple[tuple[ReviewRow, str], ...]
    """Review and why it is not decided along."""
    n_later: int
    """Beyond the cap: left for the next verdict."""
    n_unqueued: int
    """Adverts that never came into the queue; a verdict does not touch them."""
    sample: tuple[ReviewRow, ...]
    seal: str
    """Changes with every advert, assessment and answer."""


def preview(session: Session, campaign_id: str, choice: Choice, *, by: Person, at: datetime) -> Preview:
    """Tell what a verdict would decide, and what it would leave out and why."""
    check(by, Permission.DECIDE)
    family = campaign_pages.family_of(session, campaign_id)
    members = campaign_pages.list_members(session, family, limit=MOST_MEMBERS)
    queued = [member.review for member in members if member.review is not None]
    due: list[ReviewRow] = []
    left_out: list[tuple[ReviewRow, str]] = []
    for review in queued:
        try:
            check_free(review, by=by, at=at)
        except ConflictError as refusal:
            left_out.append((review, refusal.detail))
        else:
            due.append(review)
    now, later = due[:CAP], due[CAP:]
    seal = _seal(family[0], choice, now)
    return Preview(
        campaign_id=family[0],
        due=tuple(now),
        left_out=tuple(left_out),
        n_later=len(later),
        n_unqueued=len(members) - len(queued),
        sample=tuple(_sample(now, seal=seal, by=by)),
        seal=seal,
    )


def decide_campaign(
    session: Session,
    campaign_id: str,
    choice: Choice,
    *,
    by: Person,
    at: datetime,
    seal: str,
    looked_at: Sequence[str],
    reason_code: str | None = None,
    note: str | None = None,
) -> CampaignDecisionRow:
    """Give the verdict that was previewed under this seal; raises when anything has changed since."""
    shown = preview(session, campaign_id, choice, by=by, at=at)
    campaign_pages.lock_reviews(session, [review.id for review in shown.due])
    if not shown.due:
        raise ConflictError("no advert of this campaign waits for a verdict")
    if seal != shown.seal:
        raise ConflictError("the campaign has changed since you saw it; look again before deciding")
    if missing := {review.id for review in shown.sample} - set(looked_at):
        raise ConflictError(f"look at the sample first: {len(missing)} of {len(shown.sample)} are not ticked")
    row = CampaignDecisionRow(
        id=new_id("cde", at=at),
        campaign_id=shown.campaign_id,
        decided_by=by.id,
        decided_at=at,
        n_decided=len(shown.due),
    )
    session.add(row)
    session.flush()
    given = [
        actions.record_decision(
            session,
            review.id,
            choice,
            by=by,
            at=at,
            seen=review.assessment_id,
            reason_code=reason_code,
            note=note,
        )
        for review in shown.due
    ]
    actions.follow(session, given, at=at)
    for decision in given:
        session.add(CampaignDecisionItemRow(decision_id=decision.id, campaign_decision_id=row.id))
    session.flush()
    detail = {"decision": row.id, "verdict": choice.value, "n": row.n_decided, "seal": seal}
    append_event(session, Act.CAMPAIGN_DECIDED, subject=row.campaign_id, actor=by.id, at=at, detail=detail)
    return row


def _seal(campaign_id: str, choice: Choice, due: Sequence[ReviewRow]) -> str:
    parts = [campaign_id, choice.value, *sorted(f"{review.id}={review.assessment_id}" for review in due)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sample(due: Sequence[ReviewRow], *, seal: str, by: Person) -> list[ReviewRow]:
    """Draw by the seal and the person: the same at every look, and not to be chosen."""

    def lot(review: ReviewRow) -> str:
        return hashlib.sha256(f"{seal}{by.id}{review.id}".encode()).hexdigest()

    return sorted(due, key=lot)[:SAMPLE]
