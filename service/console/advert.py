"""One advert: its words with highlights and glosses, the reasons with their sources, the facts."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from service.console.comfort import is_soft, nudge_of
from service.console.pages import context_of, current, render, within
from service.console.versions import versions_of
from service.console.view import SHOWN_REASONS, view_advert
from service.console.watching import offers_of
from service.review import actions, routing, voices
from service.review.permissions import Permission, Person, can, check
from service.review.policies import is_held
from service.review.queue import Filters, next_item, previous_item, why
from service.review.states import ReviewState
from service.review.verdicts import CHOICES, REASON_CODES
from service.store import campaign_pages, reviews, users, watches
from service.store.adverts import load_advert
from service.store.assessments import load_assessment
from service.store.audit import SYSTEM, Act, list_events
from service.store.campaigns import find_campaign
from service.store.daily import why_asked
from service.store.tables import AuditEventRow, ReviewRow
from service.store.watches import WatchKind

router = APIRouter()


@router.get("/reviews/{review_id}")
def show_advert(request: Request, review_id: str) -> Response:
    """Show the advert; that it was shown is recorded."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    now, filters = context.clock(), Filters.of(request.query_params)
    with context.database.writing() as session:
        review = reviews.get_review(session, review_id)
        actions.record_view(session, review, by=who.person, at=now)
    with context.database.reading() as session:
        advert, assessment = (
            load_advert(session, review.advert_key),
            load_assessment(session, review.assessment_id),
        )
        names = users.pseudonyms(session)
        following = next_item(session, filters, by=who.person, at=now, after=review)
        previous = previous_item(session, filters, by=who.person, at=now, before=review)
        history = list_events(session, review.id, limit=30)
        decision = reviews.latest_decision(session, review.id)
        campaign = find_campaign(session, review.advert_key)
        contacts = campaign_pages.links_of_advert(session, review.advert_key)
        told = voices.words_from_outside(
            session, review.id, with_contacts=can(who.person, Permission.VIEW_CONTACTS)
        )
        asked = why_asked(session, [review.id]).get(review.id)
        deciders = _deciders(session) if can(who.person, Permission.LEAD) else []
        watched = {kind: watches.targets_of(session, user_id=who.person.id, kind=kind) for kind in WatchKind}
        ahead = _ahead(session, None if filters.is_settled else following)
        versions = versions_of(
            session,
            review,
            with_contacts=can(who.person, Permission.VIEW_CONTACTS) and not is_soft(request),
        )
        nudge = nudge_of(request, session, who.person.id)
    softened = is_soft(request)
    contacts = contacts if can(who.person, Permission.VIEW_CONTACTS) else []
    held = is_held(review, by=who.person, at=now)
    return render(
        request,
        "advert.html",
        who,
        review=review,
        view=filters.address,
        filters=filters,
        here=within(f"/console/reviews/{review.id}", filters),
        assessment=assessment,
        seen=view_advert(
            advert,
            assessment,
            with_contacts=can(who.person, Permission.VIEW_CONTACTS),
            softened=softened,
        ),
        softened=softened,
        nudge=nudge,
        versions=versions,
        ahead=view_advert(*ahead, with_contacts=False, softened=softened) if ahead else None,
        ahead_language=ahead[1].language.code if ahead else None,
        shown_reasons=SHOWN_REASONS,
        why=why(review, score=assessment.score, asked=asked),
        is_asked=asked is not None,
        following=following.id if following else None,
        previous=previous.id if previous else None,
        history=[(event, names.get(event.actor, SYSTEM)) for event in history],
        decision=decision,
        decided_by=names.get(decision.decided_by) if decision else None,
        choices=CHOICES,
        reason_codes=REASON_CODES,
        held=held,
        mine=review.state == ReviewState.CLAIMED and review.claimed_by == who.person.id,
        may_decide=_may_decide(who.person, review, held=held),
        seconds_left=_seconds_left(review.claimed_until, now),
        hold_days=routing.HOLD_DAYS,
        escalations=routing.ESCALATIONS,
        harm_note=_harm_note(history),
        told=told,
        deciders=deciders,
        may_export_full=can(who.person, Permission.EXPORT_FULL),
        campaign=campaign,
        may_arrange=can(who.person, Permission.DECIDE),
        has_page=bool(context.settings.evidence and advert.page_digest)
        and can(who.person, Permission.VIEW_CONTACTS),
        contacts=contacts,
        offers=offers_of(
            contacts,
            campaign.id if campaign else None,
            title=advert.title or advert.description or "",
            watched=watched,
        ),
    )


def _ahead(session: Session, following: ReviewRow | None) -> tuple[JobAdvert, Assessment] | None:
    """Give what comes next, so that its words can be read while its page is on the way.

    It is neither claimed nor on record as seen: its page does that when it opens. No contact goes with it.
    """
    if following is None:
        return None
    return load_advert(session, following.advert_key), load_assessment(session, following.assessment_id)


def _deciders(session: Session) -> list[str]:
    """Name everybody to whom an advert can be given."""
    people = [Person.of(user) for user in users.list_users(session) if user.disabled_at is None]
    return [person.name for person in people if can(person, Permission.DECIDE)]


def _may_decide(person: Person, review: ReviewRow, *, held: bool) -> bool:
    if held or review.state == ReviewState.DECIDED or not can(person, Permission.DECIDE):
        return False
    return review.state != ReviewState.ESCALATED or can(person, Permission.LEAD)


def _harm_note(history: Sequence[AuditEventRow]) -> str | None:
    """Say what comes first when the advert was escalated because somebody may be harmed."""
    reason = next(
        (event.detail.get("reason") for event in history if event.act == Act.REVIEW_ESCALATED), None
    )
    return routing.HARM_NOTES.get(str(reason))


def _seconds_left(until: datetime | None, now: datetime) -> int:
    return max(0, int((until - now).total_seconds())) if until else 0
