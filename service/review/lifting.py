"""The one rule by which company moves an advert's band, in both directions.

**An advert that shares a contact, a link or a template with an advert that a person confirmed is
shown to a person.** Its band becomes at least `review`; its score stays what its words earned, so the
reason that says so adds nothing to the log-odds. A contact in more than 200 adverts counts for nothing,
and neither a text that is no advert (a warning quotes handles too) nor an advert that a person cleared is
ever lifted. When the confirmation is taken
back and no other stands, the band goes back to what the score makes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from model.schema.assessment import Assessment, Band, Reason, read_assessment
from service.review.actions import Finding, open_review
from service.review.queue import LINKED
from service.review.states import Cause
from service.store import network, outbox
from service.store.adverts import KEEP_FULL
from service.store.audit import SYSTEM, Act, append_event
from service.store.links import Links
from service.store.reviews import cleared, find_reviews
from service.store.tables import CRAWLER, AdvertRow, AssessmentRow

LIFTED = frozenset({Band.LOW, Band.UNASSESSED})
"""The bands that company lifts to `review`."""
_WORDS = {
    "template": "the wording",
    "url": "a link",
    "email": "an e-mail address",
    "phone": "a phone number",
}


def lifted(assessment: Assessment, via: tuple[str, ...]) -> Assessment:
    """Give the assessment as its company makes it; the same one when it shares nothing with confirmed adverts."""
    if not via or assessment.band is Band.NOT_AN_ADVERT or is_linked(assessment):
        return assessment
    band = Band.REVIEW if assessment.band in LIFTED else assessment.band
    return assessment.model_copy(update={"band": band, "reasons": (*assessment.reasons, _reason(via))})


def is_linked(assessment: Assessment) -> bool:
    """Tell whether an assessment names its company as a reason."""
    return any(reason.code == LINKED for reason in assessment.reasons)


@dataclass(frozen=True)
class _Move:
    """A band that moved, and by what company; by none when it moved back."""

    row: AssessmentRow
    advert: AdvertRow
    before: str
    via: tuple[str, ...]
    said: Assessment


def spread(session: Session, advert_keys: Sequence[str], *, at: datetime) -> int:
    """Let verdicts, given or taken back, reach the adverts linked to theirs; gives how many bands moved.

    The crawler's adverts reach every owner's, a partner's only its own. Verdicts that are given together
    spread together: each advert they reach is looked at once.
    """
    owners: dict[str, list[str]] = {}
    for key in advert_keys:
        owners.setdefault(session.get_one(AdvertRow, key).partner_id, []).append(key)
    network.lock(session)
    n_moved = 0
    for owner, keys in owners.items():
        links = network.recount_confirmed(session, keys, partner_id=owner)
        if not links:
            continue
        reached = network.sharers(session, links.values(), partner_id=None if owner == CRAWLER else owner)
        n_moved += sum(
            _settle(session, partner_id, adverts, at=at) for partner_id, adverts in reached.items()
        )
    return n_moved


def _settle(session: Session, partner_id: str, adverts: dict[str, str], *, at: datetime) -> int:
    """Bring the bands of one owner's adverts in line with their company."""
    links = network.load_links(session, list(adverts), partner_id=partner_id)
    known = network.load_known(session, list(links.values()), partner_id=partner_id)
    confirmed = network.confirmed_among(session, list(adverts))
    rows = session.execute(
        select(AssessmentRow, AdvertRow)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(AssessmentRow.advert_key.in_(adverts), AssessmentRow.advert_key.not_in(cleared()))
        .order_by(AssessmentRow.id)
    ).all()
    moves = []
    for row, advert in rows:
        standing = known.standing(
            links.get(advert.key, Links()),
            advert_id=advert.advert_id,
            is_confirmed=advert.key in confirmed,
        )
        if (move := _move(row, advert, standing.confirmed_via)) is not None:
            moves.append(move)
    session.flush()
    _tell(session, partner_id, moves, at=at)
    _open_reviews(session, partner_id, moves, at=at)
    return len(moves)


def _move(row: AssessmentRow, advert: AdvertRow, via: tuple[str, ...]) -> _Move | None:
    """Write an assessment anew as its company makes it; None when its band stays."""
    said = read_assessment(row.record)
    if bool(via) == is_linked(said) or said.band is Band.NOT_AN_ADVERT:
        return None
    moved = lifted(said, via) if via else _dropped(said, row.lifted_from)
    before = row.band
    row.record, row.band = moved.to_json(), moved.band.value
    if before == row.band:
        return None
    row.lifted_from = before if via else None
    return _Move(row, advert, before, via, moved)


def _tell(session: Session, partner_id: str, moves: Sequence[_Move], *, at: datetime) -> None:
    for move in moves:
        detail = {"from": move.before, "to": move.row.band, "via": list(move.via)}
        append_event(session, Act.BAND_MOVED, subject=move.row.id, actor=SYSTEM, at=at, detail=detail)
    told = [
        {
            "advert_id": move.advert.advert_id,
            "assessment_id": move.row.id,
            "band": move.row.band,
            "previous_band": move.before,
            "because": LINKED,
        }
        for move in moves
    ]
    if told:
        outbox.announce_all(session, outbox.EventType.BAND_CHANGED, partner_id=partner_id, data=told, at=at)


def _open_reviews(session: Session, partner_id: str, moves: Sequence[_Move], *, at: datetime) -> None:
    """Let a person look at what was lifted, where its words were kept."""
    due = [move for move in moves if move.via and move.advert.kept == KEEP_FULL]
    known = find_reviews(session, partner_id=partner_id, advert_ids=[move.advert.advert_id for move in due])
    for move in due:
        finding = Finding.of_stored(move.advert, move.row.id, move.said, Cause.BAND)
        review = open_review(session, finding, known.get(move.advert.advert_id), at=at, sample_rate=1.0)
        if review is not None:
            known[move.advert.advert_id] = review


def _dropped(assessment: Assessment, lifted_from: str | None) -> Assessment:
    reasons = tuple(reason for reason in assessment.reasons if reason.code != LINKED)
    band = Band(lifted_from) if lifted_from else assessment.band
    return assessment.model_copy(update={"band": band, "reasons": reasons})


def _reason(via: tuple[str, ...]) -> Reason:
    shared = [_WORDS.get(kind, f"a {kind} contact") for kind in via]
    return Reason(
        code=LINKED,
        title=f"Shares {' and '.join(shared)} with adverts that a person confirmed",
        log_odds=0.0,
        why="One recruiter posts many adverts. This does not move the score; it asks for a person to look.",
    )
