"""Campaigns: adverts of one hand, what they share, and one verdict for all of them; what a contact touches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.orm import Session

from model.facts.contacts import find_contacts
from model.schema.advert import Contact, JobAdvert
from model.text.normalise import normalise
from service.auth import SignedIn
from service.console.comfort import is_soft
from service.console.decide import Field, read_choice, read_note, read_reason_code
from service.console.pages import context_of, current, current_form, redirect, render
from service.console.slots import pieces_of
from service.console.softening import Headings
from service.errors import NotFoundError
from service.review import actions, belonging
from service.review.campaigns import MOST_MEMBERS, decide_campaign, preview
from service.review.masking import hide_contacts
from service.review.permissions import Permission, can, check
from service.review.verdicts import CHOICES, REASON_CODES
from service.store import campaign_pages, campaigns, users, watches
from service.store.audit import Act, append_event
from service.store.campaign_pages import Member
from service.store.links import links_of
from service.store.tables import CampaignDecisionRow
from service.store.watches import WatchKind

router = APIRouter()
LISTED = 50
SHOWN_MEMBERS = 60
SHOWN_LINKS = 8
DRAWN_MEMBERS = 24
MOST_DAYS = 60
TITLE = 80
MASKED = Headings(with_contacts=False, softened=False)
"""Writes headings without contacts, whoever reads them."""


@dataclass(frozen=True)
class SharedContact:
    """A contact that several adverts of a campaign carry."""

    id: int
    kind: str
    value: str | None
    """None when the advert's words were not kept."""
    n_adverts: int
    y: float
    """Where it is drawn."""
    ends: tuple[float, ...]
    """Where the adverts that carry it are drawn."""


@router.get("/campaigns")
def show_campaigns(request: Request) -> Response:
    """List campaigns, those that grew last first."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    with context_of(request).database.reading() as session:
        listed = campaign_pages.list_campaigns(session, limit=LISTED)
        waiting = campaign_pages.count_waiting(session, [campaign.id for campaign in listed])
        titles = _titles(request, who, session, [campaign.id for campaign in listed])
    return render(request, "campaigns.html", who, campaigns=listed, waiting=waiting, titles=titles)


@router.get("/campaigns/{campaign_id}")
def show_campaign(request: Request, campaign_id: str) -> Response:
    """Show what a campaign's adverts share and where they differ; that contacts were shown is recorded."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    with_contacts = can(who.person, Permission.VIEW_CONTACTS)
    with context.database.reading() as session:
        family = campaign_pages.family_of(session, campaign_id)
        if family[0] != campaign_id:
            return redirect(f"/console/campaigns/{family[0]}")
        members = campaign_pages.list_members(session, family, limit=MOST_MEMBERS)
        merges = campaigns.list_merges(session, campaign_id)
        splits = campaigns.list_splits(session, family)
        decisions = campaign_pages.list_campaign_decisions(session, family)
        links = campaign_pages.shared_links(session, [m.advert.key for m in members[:500]])[:SHOWN_LINKS]
        names = users.pseudonyms(session)
        watched = watches.targets_of(session, user_id=who.person.id, kind=WatchKind.CAMPAIGN)
        headings = _headings(request, who, session, members[:500])
    if with_contacts:
        with context.database.writing() as session:
            detail = {"n": len(members)}
            at = context.clock()
            append_event(
                session, Act.CONTACT_VIEWED, subject=campaign_id, actor=who.person.id, at=at, detail=detail
            )
    adverts = {member.advert.key: JobAdvert.from_json(member.advert.record) for member in members[:500]}
    clear = with_contacts and not headings.softened
    texts = [_text(advert, with_contacts=clear) for advert in list(adverts.values())[:25]]
    n_due = sum(1 for m in members if m.review is not None and m.review.state != "decided")
    return render(
        request,
        "campaign.html",
        who,
        campaign_id=campaign_id,
        members=members[:SHOWN_MEMBERS],
        n_members=len(members),
        n_due=n_due,
        newest=members[0] if members else None,
        headings=headings,
        clear=clear,
        masked_title=MASKED.show(members[0].advert.heading if members else None, length=TITLE),
        pieces=pieces_of(texts) if texts else [],
        language=next((m.review.language for m in members if m.review is not None), "und"),
        days=_days(members),
        contacts=_shared(links, adverts, pepper=context.pepper) if with_contacts else [],
        drawn=list(adverts)[:DRAWN_MEMBERS],
        places=campaign_pages.count_places([advert.places for advert in adverts.values()])[:12],
        sources=Counter(member.advert.source or "unnamed source" for member in members).most_common(8),
        merges=merges,
        splits=splits,
        may_arrange=can(who.person, Permission.DECIDE),
        decisions=decisions,
        names=names,
        choices=CHOICES,
        may_decide=can(who.person, Permission.DECIDE) and n_due > 0,
        may_lead=can(who.person, Permission.LEAD),
        is_watched=campaign_id in watched,
        may_export_full=can(who.person, Permission.EXPORT_FULL),
    )


@router.get("/campaigns/{campaign_id}/decide")
def show_preview(
    request: Request, campaign_id: str, answer: Annotated[str, Query(max_length=80)]
) -> Response:
    """Show what a verdict would decide, with the sample to look at, which is recorded; decides nothing."""
    who = current(request)
    choice = read_choice(answer)
    context = context_of(request)
    with context.database.reading() as session:
        shown = preview(session, campaign_id, choice, by=who.person, at=context.clock())
        members = {
            member.review.id: member
            for member in campaign_pages.list_members(
                session, campaign_pages.family_of(session, campaign_id), limit=MOST_MEMBERS
            )
            if member.review is not None
        }
        headings = _headings(request, who, session, [members[review.id] for review in shown.sample])
    with context.database.writing() as session:
        for review in shown.sample:
            actions.record_view(session, review, by=who.person, at=context.clock())
    sample = [
        (
            review,
            members[review.id].score,
            headings.cover(
                _text(advert := _advert(members[review.id]), with_contacts=headings.with_contacts),
                review.id,
                known=[contact.value for contact in advert.contacts],
            ),
        )
        for review in shown.sample
    ]
    return render(
        request,
        "campaign_decide.html",
        who,
        campaign_id=campaign_id,
        shown=shown,
        choice=choice,
        sample=sample,
        left_out=Counter(why for _, why in shown.left_out).most_common(),
        reason_codes=REASON_CODES[choice.verdict],
    )


@router.post("/campaigns/{campaign_id}/decide")
def decide(
    request: Request,
    campaign_id: str,
    *,
    csrf: Field,
    answer: Field,
    seal: Field,
    looked_at: Annotated[list[str] | None, Form()] = None,
    reason_code: Field = "",
    note: Field = "",
) -> Response:
    """Give the verdict that was shown."""
    who = current_form(request, csrf)
    choice = read_choice(answer)
    context = context_of(request)
    with context.database.writing() as session:
        row = decide_campaign(
            session,
            campaign_id,
            choice,
            by=who.person,
            at=context.clock(),
            seal=seal,
            looked_at=looked_at or [],
            reason_code=read_reason_code(choice.verdict, reason_code),
            note=read_note(note),
        )
    return redirect(f"/console/campaigns/{row.campaign_id}?said={choice.value}")


@router.post("/campaigns/{campaign_id}/undo")
def undo(request: Request, campaign_id: str, csrf: Field, decision: Field) -> Response:
    """Take back one verdict on the campaign, all of it."""
    who = current_form(request, csrf)
    check(who.person, Permission.DECIDE)
    context = context_of(request)
    with context.database.writing() as session:
        row = session.get(CampaignDecisionRow, decision)
        if row is None or row.campaign_id not in campaign_pages.family_of(session, campaign_id):
            raise NotFoundError("there is no such verdict on this campaign")
        actions.undo_campaign(session, row, by=who.person, at=context.clock())
    return redirect(f"/console/campaigns/{campaign_id}?undone")


@router.post("/campaigns/{campaign_id}/part")
def part(request: Request, campaign_id: str, csrf: Field, merge: Field) -> Response:
    """Part what one merge had joined."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        belonging.part(session, campaign_id, merge, by=who.person, at=context.clock())
    return redirect(f"/console/campaigns/{campaign_id}")


@router.get("/campaigns/{campaign_id}/merge")
def show_merge(request: Request, campaign_id: str) -> Response:
    """List the campaigns that this one could become one with; merges nothing."""
    who = current(request)
    check(who.person, Permission.DECIDE)
    with context_of(request).database.reading() as session:
        root = campaign_pages.family_of(session, campaign_id)[0]
        owner = campaign_pages.owner_of(session, root)
        listed = campaign_pages.list_campaigns(session, limit=LISTED, owner=owner, but=root)
        titles = _titles(request, who, session, [root, *(campaign.id for campaign in listed)])
    return render(
        request,
        "campaign_merge.html",
        who,
        campaign_id=root,
        campaigns=listed,
        titles=titles,
    )


@router.post("/campaigns/{campaign_id}/merge")
def merge(request: Request, campaign_id: str, csrf: Field, other: Field = "", typed: Field = "") -> Response:
    """Make two campaigns one."""
    who = current_form(request, csrf)
    context = context_of(request)
    other_id = typed.strip().rstrip("/").rpartition("/")[2] or other
    with context.database.writing() as session:
        whole = belonging.merge(session, campaign_id, other_id, by=who.person, at=context.clock())
    return redirect(f"/console/campaigns/{whole}")


@router.post("/campaigns/{campaign_id}/split")
def split(request: Request, campaign_id: str, csrf: Field, advert: Field) -> Response:
    """Take an advert out of the campaign."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        belonging.split_advert(session, campaign_id, advert, by=who.person, at=context.clock())
    return redirect(f"/console/campaigns/{campaign_id}#taken-out")


@router.post("/campaigns/{campaign_id}/put-back")
def put_back(request: Request, campaign_id: str, csrf: Field, split: Field) -> Response:
    """Put an advert back that was taken out."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        belonging.put_back(session, campaign_id, split, by=who.person, at=context.clock())
    return redirect(f"/console/campaigns/{campaign_id}")


@router.get("/contacts/{link_id}")
def show_contact(request: Request, link_id: int) -> Response:
    """Show every advert that carries a contact; that it was looked up is recorded."""
    who = current(request)
    check(who.person, Permission.VIEW_CONTACTS)
    context = context_of(request)
    with context.database.writing() as session:
        members = campaign_pages.list_carriers(session, link_id, limit=200) if abs(link_id) < 2**63 else []
        if not members:
            raise NotFoundError("no advert carries this contact")
        append_event(
            session,
            Act.CONTACT_VIEWED,
            subject=f"link_{link_id}",
            actor=who.person.id,
            at=context.clock(),
            detail={"n": len(members)},
        )
        watched = watches.targets_of(session, user_id=who.person.id, kind=WatchKind.CONTACT)
        headings = _headings(request, who, session, members)
    value = _values(_advert(members[0]), pepper=context.pepper).get(link_id)
    return render(
        request,
        "contact.html",
        who,
        kind=members[0].via,
        value=value,
        members=members,
        headings=headings,
        link_id=link_id,
        place=MASKED.show(members[0].advert.heading, length=TITLE),
        is_watched=str(link_id) in watched,
    )


def _titles(request: Request, who: SignedIn, session: Session, campaign_ids: Sequence[str]) -> dict[str, str]:
    """Give campaign → the heading of its newest advert, as it is shown to who asks."""
    newest = {}
    for campaign_id in campaign_ids:
        family = campaign_pages.family_of(session, campaign_id)
        if members := campaign_pages.list_members(session, family, limit=1):
            newest[campaign_id] = members[0]
    headings = _headings(request, who, session, list(newest.values()))
    return {
        key: headings.show(member.advert.heading, member.review.id if member.review else None, length=TITLE)
        for key, member in newest.items()
    }


def _headings(request: Request, who: SignedIn, session: Session, members: Sequence[Member]) -> Headings:
    return Headings.of(
        session,
        [member.review.id for member in members if member.review is not None],
        with_contacts=can(who.person, Permission.VIEW_CONTACTS),
        softened=is_soft(request),
    )


def _shared(
    links: Sequence[tuple[int, str, list[str]]], adverts: Mapping[str, JobAdvert], *, pepper: bytes
) -> list[SharedContact]:
    drawn = {key: n for n, key in enumerate(list(adverts)[:DRAWN_MEMBERS])}
    shared = []
    for n, (link_id, kind, keys) in enumerate(links):
        values = _values(adverts[keys[0]], pepper=pepper) if keys[0] in adverts else {}
        ends = tuple(_drawn_y(drawn[key]) for key in keys if key in drawn)
        shared.append(SharedContact(link_id, kind, values.get(link_id), len(keys), _contact_y(n), ends))
    return shared


def _drawn_y(n: int) -> float:
    """Give where the n-th advert is drawn."""
    return 9 + n * 9


def _contact_y(n: int) -> float:
    """Give where the n-th contact is drawn."""
    return 16 + n * 26


def _values(advert: JobAdvert, *, pepper: bytes) -> dict[int, str]:
    """Give link id → the contact as read, for the contacts of one advert."""
    found = [
        Contact(kind=contact.kind.value, value=contact.value)
        for _, text in advert.texts
        for contact in find_contacts(normalise(text))
    ]
    values: dict[int, str] = {}
    for contact in (*found, *advert.contacts):
        alone = JobAdvert(id="alone", description="-", contacts=(contact,))
        for link in links_of(alone, pepper=pepper).contacts:
            values.setdefault(link.id, contact.value)
    return values


def _days(members: Sequence[Member]) -> list[tuple[date, int, float]]:
    """Give day, adverts received, and the height of its bar (0-1), without gaps."""
    counted = Counter(member.advert.received_at.date() for member in members)
    if not counted:
        return []
    last, highest = max(counted), max(counted.values())
    first = max(min(counted), last - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [(day, counted[day], counted[day] / highest) for day in days]


def _advert(member: Member) -> JobAdvert:
    return JobAdvert.from_json(member.advert.record)


def _text(advert: JobAdvert, *, with_contacts: bool) -> str:
    text = "\n".join(text for _, text in advert.texts)
    return text if with_contacts else hide_contacts(text, known=[c.value for c in advert.contacts])
