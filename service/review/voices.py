"""What comes from outside about an advert: a partner's feedback and an employer's appeal. Both ask for a person.

Neither moves a score or a band, and neither confirms anything: a verdict of a reviewer does. Feedback that
agrees with the standing verdict changes nothing. Who sends very much of it is set aside until an operator
has looked, so that a flood can neither fill the queue nor teach the next release.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from model.schema.assessment import read_assessment
from model.schema.decision import LabelName, Verdict
from service.errors import ConflictError
from service.review import place
from service.review.actions import Finding, open_review
from service.review.masking import hide_contacts
from service.review.queue import risk, signs
from service.review.states import Cause, ReviewState, move
from service.store import appeals, reviews
from service.store import feedback as store
from service.store.adverts import KEEP_FULL
from service.store.audit import SYSTEM, Act, append_event
from service.store.columns import storable
from service.store.ids import new_id
from service.store.tables import AdvertRow, AppealRow, AssessmentRow, FeedbackRow, ReviewRow

FLOOD = 50
"""Items of one reporter within `FLOOD_SPAN` from which on the rest is set aside."""
FLOOD_SPAN = timedelta(hours=1)
MOST_NOTE = 4000
MOST_SHOWN = 10


class Source(StrEnum):
    """Who says so. Open: members may be added."""

    MODERATOR = "moderator"
    USER_REPORT = "user_report"
    EMPLOYER = "employer"
    POLICE = "police"
    OTHER = "other"


class FeedbackState(StrEnum):
    """Whether feedback is heard."""

    TAKEN = "taken"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Told:
    """What a partner says of an advert."""

    verdict: Verdict
    pattern: LabelName | None
    reason_code: str | None
    source: Source
    reporter: str
    """Opaque name of who reported it; the key's own id when there is none."""
    note: str | None


@dataclass(frozen=True)
class Words:
    """What somebody outside says of an advert, as a reviewer reads it."""

    who: str
    words: str
    at: datetime


def take_feedback(
    session: Session, advert: AdvertRow, assessment: AssessmentRow, told: Told, *, key_id: str, at: datetime
) -> tuple[FeedbackRow, bool]:
    """Keep what a partner says and ask a person to look where it disagrees; tells whether it was new."""
    digest = _digest(
        advert.key, told.verdict, told.pattern, told.reason_code, told.source, told.reporter, told.note
    )
    known = store.find_same(session, digest, partner_id=advert.partner_id)
    if known is not None:
        return known, False
    since = at - FLOOD_SPAN
    n_recent = store.count_recent(session, advert.partner_id, reporter=told.reporter, since=since)
    state = FeedbackState.QUARANTINED if n_recent >= FLOOD else FeedbackState.TAKEN
    row = FeedbackRow(
        id=new_id("fbk", at=at),
        partner_id=advert.partner_id,
        reporter=told.reporter,
        advert_key=advert.key,
        verdict=told.verdict.value,
        pattern=told.pattern.value if told.pattern else None,
        reason_code=told.reason_code,
        source=told.source.value,
        note=storable(told.note, limit=MOST_NOTE),
        state=state.value,
        digest=digest,
        received_at=at,
    )
    session.add(row)
    session.flush()
    if state is FeedbackState.TAKEN:
        _hear(session, row, advert, assessment, at=at)
    detail = {"advert": advert.digest, "verdict": row.verdict, "state": row.state}
    append_event(session, Act.FEEDBACK_RECEIVED, subject=row.id, actor=key_id, at=at, detail=detail)
    return row, True


def words_from_outside(session: Session, review_id: str, *, with_contacts: bool) -> list[Words]:
    """Give what appeals and feedback say of an advert, newest first, for the reviewer who decides."""
    shown = str if with_contacts else hide_contacts
    said = [
        Words(
            f"Appeal of {row.employer}" if row.employer else "Appeal of whoever placed it",
            shown(row.statement),
            row.received_at,
        )
        for row in appeals.list_of_review(session, review_id)
    ]
    said += [
        Words(
            f"{row.source.replace('_', ' ').capitalize()} says {row.verdict.replace('_', ' ')}",
            shown(row.note or row.reason_code or ""),
            row.received_at,
        )
        for row in store.list_of_review(session, review_id)
    ]
    return sorted(said, key=lambda one: one.at, reverse=True)[:MOST_SHOWN]


def release_quarantined(session: Session, partner_id: str, *, by: str, at: datetime) -> int:
    """Hear what was set aside of a partner's feedback, after somebody has looked; gives how many items."""
    waiting = store.list_in_state(session, partner_id, FeedbackState.QUARANTINED.value)
    for row, advert, assessment in waiting:
        row.state = FeedbackState.TAKEN.value
        _hear(session, row, advert, assessment, at=at)
        append_event(session, Act.FEEDBACK_RELEASED, subject=row.id, actor=by, at=at)
    return len(waiting)


def take_appeal(
    session: Session,
    advert: AdvertRow,
    assessment: AssessmentRow,
    *,
    employer: str | None,
    statement: str,
    key_id: str,
    at: datetime,
) -> tuple[AppealRow, bool]:
    """Keep an employer's objection and put its advert before a person again; tells whether it was new.

    Raises `ConflictError` when the advert's words were not kept: nobody could look at them.
    """
    digest = _digest(advert.key, employer, statement)
    known = appeals.find_same(session, digest, partner_id=advert.partner_id)
    if known is not None:
        return known, False
    if advert.kept != KEEP_FULL:
        raise ConflictError(
            "the words of this advert were not kept; send it again with store=full, then appeal"
        )
    review = _ask(session, advert, assessment, Cause.APPEAL, at=at)
    row = AppealRow(
        id=new_id("apl", at=at),
        partner_id=advert.partner_id,
        advert_key=advert.key,
        review_id=review.id,
        employer=storable(employer, limit=200),
        statement=storable(statement, limit=MOST_NOTE) or "",
        digest=digest,
        received_at=at,
    )
    session.add(row)
    session.flush()
    detail = {"advert": advert.digest, "review": review.id}
    append_event(session, Act.APPEAL_RECEIVED, subject=row.id, actor=key_id, at=at, detail=detail)
    return row, True


def hear_noted(session: Session, advert_keys: Collection[str], *, at: datetime) -> None:
    """Hear what was said of adverts that nobody could look at before, because their words were not kept."""
    for row, advert, assessment in store.list_noted(session, advert_keys):
        _hear(session, row, advert, assessment, at=at)


def _hear(
    session: Session, row: FeedbackRow, advert: AdvertRow, assessment: AssessmentRow, *, at: datetime
) -> None:
    if advert.kept != KEEP_FULL or row.verdict == Verdict.UNSURE:
        return
    review = reviews.find_review(session, partner_id=advert.partner_id, advert_id=advert.advert_id)
    if review is not None and review.state == ReviewState.DECIDED:
        standing = reviews.latest_decision(session, review.id)
        if standing is not None and standing.verdict == row.verdict:
            row.review_id = review.id
            return
    row.review_id = _ask(session, advert, assessment, Cause.FEEDBACK, at=at).id


def _ask(
    session: Session, advert: AdvertRow, assessment: AssessmentRow, cause: Cause, *, at: datetime
) -> ReviewRow:
    """Open the advert's review, or open it again; an appeal also moves one that is waiting to the head."""
    said = read_assessment(assessment.record)
    finding = Finding.of_stored(advert, assessment.id, said, cause)
    known = reviews.find_review(session, partner_id=advert.partner_id, advert_id=advert.advert_id)
    if known is None or known.advert_key != advert.key:
        opened = open_review(session, finding, known, at=at, sample_rate=1.0)
        if opened is not None:
            return opened
    review = reviews.get_review(session, known.id if known else "", lock=True)
    decided = review.state == ReviewState.DECIDED
    if decided:
        move(review, ReviewState.OPEN)
    if decided or cause is Cause.APPEAL:
        review.cause, review.changed_at, review.signs = cause.value, at, signs(said)
        standing = place.Standing(
            risk=risk(said, cause, digest=advert.digest, sample_rate=1.0), n_linked=said.linked.adverts
        )
        review.priority = standing.priority(opened_at=at)
        place.record(session, review, standing)
        detail = {"advert": advert.digest, "assessment": assessment.id, "cause": cause.value}
        append_event(session, Act.REVIEW_RENEWED, subject=review.id, actor=SYSTEM, at=at, detail=detail)
    session.flush()
    return review


def _digest(*parts: str | None) -> str:
    content = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
