"""The one rule by which company moves an advert's band, in both directions.

**An advert that shares a contact, a link or a template with an advert that a person confirmed is
shown to a person.** Its band becomes at least `review`; its score stays what its words earned, so the
reason that says so adds nothing to the log-odds. A contact in more than 200 adverts counts for nothing,
and neither a text that is no advert (a warning quotes handles too) nor an advert that a person cleared is
ever lifted. When the confirmation is taken
back and no other stands, the band goes back to what the score makes of it.
"""

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


def spread(session: Session, advert_key: str, *, at: datetime) -> int:
    """Let a verdict on an advert, given or taken back, reach the adverts it is linked to; gives how many bands moved.

    The crawler's adverts reach every owner's, a partner's only its own.
    """
    owner = session.get_one(AdvertRow, advert_key).partner_id
    network.lock(session)
    links = network.recount_confirmed(session, advert_key, partner_id=owner)
    if not links.ids:
        return 0
    reached = network.sharers(session, links, partner_id=None if owner == CRAWLER else owner)
    return sum(
        _settle(session, partner_id, adverts, but=advert_key, at=at)
        for partner_id, adverts in reached.items()
    )


def _settle(session: Session, partner_id: str, adverts: dict[str, str], *, but: str, at: datetime) -> int:
    """Bring the bands of one owner's adverts in line with their company."""
    links = network.load_links(session, list(adverts), partner_id=partner_id)
    known = network.load_known(session, list(links.values()), partner_id=partner_id)
    rows = session.execute(
        select(AssessmentRow, AdvertRow)
        .join(AdvertRow, AdvertRow.key == AssessmentRow.advert_key)
        .where(
            AssessmentRow.advert_key.in_(adverts),
            AssessmentRow.advert_key != but,
            AssessmentRow.advert_key.not_in(cleared()),
        )
        .order_by(AssessmentRow.id)
    ).all()
    n_moved = 0
    for row, advert in rows:
        via = known.standing(links.get(advert.key, Links()), advert_id=advert.advert_id).confirmed_via
        n_moved += _move(session, row, advert, via, at=at)
    return n_moved


def _move(
    session: Session, row: AssessmentRow, advert: AdvertRow, via: tuple[str, ...], *, at: datetime
) -> bool:
    said = read_assessment(row.record)
    if bool(via) == is_linked(said) or said.band is Band.NOT_AN_ADVERT:
        return False
    moved = lifted(said, via) if via else _dropped(said, row.lifted_from)
    before = row.band
    row.record, row.band = moved.to_json(), moved.band.value
    if before == row.band:
        return False
    row.lifted_from = before if via else None
    session.flush()
    detail = {"from": before, "to": row.band, "via": list(via)}
    append_event(session, Act.BAND_MOVED, subject=row.id, actor=SYSTEM, at=at, detail=detail)
    told = {
        "advert_id": advert.advert_id,
        "assessment_id": row.id,
        "band": row.band,
        "previous_band": before,
        "because": LINKED,
    }
    outbox.announce(session, outbox.EventType.BAND_CHANGED, partner_id=row.partner_id, data=told, at=at)
    if via and advert.kept == KEEP_FULL:
        _open(session, row, advert, moved, at=at)
    return True


def _open(
    session: Session, row: AssessmentRow, advert: AdvertRow, moved: Assessment, *, at: datetime
) -> None:
    finding = Finding(
        partner_id=row.partner_id,
        advert_id=advert.advert_id,
        advert_key=advert.key,
        digest=advert.digest,
        source=advert.source,
        assessment_id=row.id,
        assessment=moved,
        cause=Cause.BAND,
    )
    known = find_reviews(session, partner_id=row.partner_id, advert_ids=[advert.advert_id])
    open_review(session, finding, known.get(advert.advert_id), at=at, sample_rate=1.0)


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
