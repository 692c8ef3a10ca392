"""What can be done with a review, each act with its audit event in the caller's transaction.

Every act checks permission, then policy, then moves the review. Nothing here commits: whoever
opened the unit of work does, and an act whose audit event cannot be written has not happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from model.schema.assessment import Assessment
from service.errors import ConflictError
from service.review.permissions import Permission, Person, check
from service.review.place import Standing, record
from service.review.policies import UNDO_DEPTH, check_free, check_undoable
from service.review.queue import risk, signs
from service.review.search import index_review
from service.review.states import Cause, ReviewState, move
from service.review.telling import tell_closed, tell_reopened
from service.review.verdicts import Choice
from service.store import campaign_pages, reviews
from service.store.adverts import load_advert
from service.store.audit import SYSTEM, Act, append_event
from service.store.columns import storable
from service.store.ids import new_id
from service.store.tables import AdvertRow, CampaignDecisionRow, DecisionRow, ReviewRow


@dataclass(frozen=True)
class Finding:
    """An assessed advert that a person should look at."""

    partner_id: str
    advert_id: str
    advert_key: str
    digest: str
    source: str | None
    assessment_id: str
    assessment: Assessment
    cause: Cause

    @classmethod
    def of_stored(
        cls, advert: AdvertRow, assessment_id: str, assessment: Assessment, cause: Cause
    ) -> "Finding":
        """Take it from an advert that is stored already."""
        return cls(
            partner_id=advert.partner_id,
            advert_id=advert.advert_id,
            advert_key=advert.key,
            digest=advert.digest,
            source=advert.source,
            assessment_id=assessment_id,
            assessment=assessment,
            cause=cause,
        )


def open_review(
    session: Session, finding: Finding, known: ReviewRow | None, *, at: datetime, sample_rate: float
) -> ReviewRow | None:
    """Open a review, or point the known one to new evidence; None when nothing has changed.

    Other words reopen a decided review. A new release on the same words does not.
    """
    if known is not None and known.advert_key == finding.advert_key:
        return None
    act = Act.REVIEW_OPENED if known is None else Act.REVIEW_RENEWED
    review = _new_review(finding, at=at) if known is None else known
    if known is not None and known.state == ReviewState.DECIDED:
        move(known, ReviewState.OPEN)
    review.advert_key, review.assessment_id = finding.advert_key, finding.assessment_id
    review.band, review.language = finding.assessment.band.value, finding.assessment.language.code
    review.cause, review.changed_at = finding.cause.value, at
    review.signs = signs(finding.assessment)
    standing = Standing(
        risk=risk(finding.assessment, finding.cause, digest=finding.digest, sample_rate=sample_rate),
        n_linked=finding.assessment.linked.adverts,
        n_confirmed=finding.assessment.linked.confirmed,
    )
    review.priority = standing.priority(opened_at=review.opened_at)
    session.add(review)
    session.flush()
    record(session, review, standing)
    index_review(session, review, load_advert(session, finding.advert_key), finding.assessment)
    detail = {"advert": finding.digest, "assessment": finding.assessment_id, "cause": finding.cause.value}
    append_event(session, act, subject=review.id, actor=SYSTEM, at=at, detail=detail)
    return review


def record_view(session: Session, review: ReviewRow, *, by: Person, at: datetime) -> None:
    """Record that a person was shown the advert and what it contains."""
    check(by, Permission.VIEW_ADVERTS)
    append_event(
        session,
        Act.REVIEW_VIEWED,
        subject=review.id,
        actor=by.id,
        at=at,
        detail={"advert": review.advert_key},
    )


def claim(session: Session, review_id: str, *, by: Person, at: datetime, minutes: int) -> ReviewRow:
    """Keep a review for one person for a while; claiming again renews the time."""
    check(by, Permission.DECIDE)
    review = reviews.get_review(session, review_id, lock=True)
    check_free(review, by=by, at=at)
    move(review, ReviewState.CLAIMED)
    review.claimed_by, review.claimed_until = by.id, at + timedelta(minutes=minutes)
    append_event(session, Act.REVIEW_CLAIMED, subject=review.id, actor=by.id, at=at)
    return review


def release(session: Session, review_id: str, *, by: Person, at: datetime) -> ReviewRow:
    """Give a claimed review back to the queue."""
    check(by, Permission.DECIDE)
    review = reviews.get_review(session, review_id, lock=True)
    if review.state not in {ReviewState.CLAIMED, ReviewState.HELD} or review.claimed_by != by.id:
        raise ConflictError("this advert is not claimed by you")
    move(review, ReviewState.OPEN)
    append_event(session, Act.REVIEW_RELEASED, subject=review.id, actor=by.id, at=at)
    return review


def decide(
    session: Session,
    review_id: str,
    choice: Choice,
    *,
    by: Person,
    at: datetime,
    seen: str,
    reason_code: str | None = None,
    note: str | None = None,
) -> DecisionRow:
    """Record a verdict on the assessment that was on screen (`seen`); raises when that is not the latest."""
    decision = record_decision(
        session, review_id, choice, by=by, at=at, seen=seen, reason_code=reason_code, note=note
    )
    follow(session, [decision], at=at)
    return decision


def record_decision(
    session: Session,
    review_id: str,
    choice: Choice,
    *,
    by: Person,
    at: datetime,
    seen: str,
    reason_code: str | None = None,
    note: str | None = None,
) -> DecisionRow:
    """Record a verdict; whoever gives several at once then lets them be followed together."""
    check(by, Permission.DECIDE)
    review = reviews.get_review(session, review_id, lock=True)
    check_free(review, by=by, at=at)
    if review.assessment_id != seen:
        raise ConflictError("the advert has changed since you opened it; look again before deciding")
    assessment = reviews.assessment_of(session, review)
    before = reviews.latest_decision(session, review.id)
    decision = DecisionRow(
        id=new_id("dec", at=at),
        review_id=review.id,
        advert_key=review.advert_key,
        assessment_id=review.assessment_id,
        verdict=choice.verdict.value,
        pattern=choice.pattern.value if choice.pattern else None,
        reason_code=reason_code,
        note=storable(note.strip()) if note and note.strip() else None,
        decided_by=by.id,
        decided_at=at,
        score=assessment.score,
        model_version=assessment.model_version,
        supersedes=before.id if before else None,
    )
    move(review, ReviewState.DECIDED)
    review.changed_at = at
    session.add(decision)
    session.flush()
    detail = {"decision": decision.id, "verdict": choice.value, "assessment": review.assessment_id}
    append_event(session, Act.REVIEW_DECIDED, subject=review.id, actor=by.id, at=at, detail=detail)
    tell_closed(session, review, decision, at=at)
    return decision


def undo(session: Session, *, by: Person, at: datetime, minutes: int) -> ReviewRow:
    """Take back the person's latest standing decision, up to ten deep; the review is theirs again.

    A verdict on a whole campaign is one decision: all of it is taken back, and its adverts wait again.
    """
    check(by, Permission.DECIDE)
    recent = reviews.own_decisions(session, by.id, limit=UNDO_DEPTH)
    for decision in (row for row in recent if row.undone_at is None):
        together = campaign_pages.find_campaign_decision(session, decision.id)
        if together is None:
            break
        if together.undone_at is None:
            undo_campaign(session, together, by=by, at=at)
            return reviews.get_review(session, decision.review_id)
    else:
        raise ConflictError("there is nothing left to undo")
    review = reviews.get_review(session, decision.review_id, lock=True)
    check_undoable(decision, review, reviews.latest_decision(session, review.id))
    _take_back(session, decision, review, following=ReviewState.CLAIMED, by=by, at=at)
    follow(session, [decision], at=at)
    review.claimed_by, review.claimed_until = by.id, at + timedelta(minutes=minutes)
    return review


def undo_campaign(session: Session, together: CampaignDecisionRow, *, by: Person, at: datetime) -> int:
    """Take back what still stands of a verdict on a campaign; what was decided anew since stays.

    Who gave it may, and a lead. Gives how many adverts wait again.
    """
    check(by, Permission.DECIDE if together.decided_by == by.id else Permission.LEAD)
    if together.undone_at is not None:
        raise ConflictError("this verdict was taken back already")
    undone = []
    for decision in campaign_pages.decisions_in(session, together.id):
        review = reviews.get_review(session, decision.review_id, lock=True)
        try:
            check_undoable(decision, review, reviews.latest_decision(session, review.id))
        except ConflictError:
            continue
        _take_back(session, decision, review, following=ReviewState.OPEN, by=by, at=at)
        undone.append(decision)
    follow(session, undone, at=at)
    together.undone_at = at
    detail = {"decision": together.id, "n": len(undone), "n_kept": together.n_decided - len(undone)}
    append_event(
        session,
        Act.CAMPAIGN_DECISION_UNDONE,
        subject=together.campaign_id,
        actor=by.id,
        at=at,
        detail=detail,
    )
    return len(undone)


def _take_back(
    session: Session,
    decision: DecisionRow,
    review: ReviewRow,
    *,
    following: ReviewState,
    by: Person,
    at: datetime,
) -> None:
    decision.undone_at = at
    move(review, following)
    review.changed_at = at
    append_event(
        session, Act.DECISION_UNDONE, subject=review.id, actor=by.id, at=at, detail={"decision": decision.id}
    )
    tell_reopened(session, review, at=at)


def follow(session: Session, decisions: Sequence[DecisionRow], *, at: datetime) -> None:
    """Let verdicts that were given or taken back together reach appeals and linked adverts."""
    from service.review import appeals, lifting  # they open reviews themselves

    session.flush()
    for decision in decisions:
        review = reviews.get_review(session, decision.review_id)
        appeals.settle(session, review, verdict=None if decision.undone_at else decision.verdict, at=at)
    lifting.spread(session, [decision.advert_key for decision in decisions], at=at)


def _new_review(finding: Finding, *, at: datetime) -> ReviewRow:
    return ReviewRow(
        id=new_id("rev", at=at),
        partner_id=finding.partner_id,
        advert_id=finding.advert_id,
        state=ReviewState.OPEN.value,
        source=storable(finding.source),
        opened_at=at,
        changed_at=at,
    )
