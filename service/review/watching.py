"""The watch list: what a person waits for, and the alert when an advert comes that has it.

A contact is watched by its link key, so that no list of contacts lies about; whoever may not see contacts
can neither watch one nor be told of one. Alerts are raised in the transaction that stores the advert, and
an advert that was stored before it was watched for raises none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from service.errors import ConflictError, FieldFault, InvalidFieldsError
from service.review.permissions import Permission, Person, can, check
from service.review.queue import Filters, narrowings_of
from service.store import campaign_pages, watches
from service.store.audit import SYSTEM, Act, append_event
from service.store.columns import storable
from service.store.links import links_of
from service.store.tables import ReviewRow, WatchRow
from service.store.watches import WatchKind

MOST_WATCHES = 50
LONGEST_NAME = 120
LONGEST_QUERY = 2000


@dataclass(frozen=True)
class Arrived:
    """An advert that was stored just now."""

    key: str
    link_ids: tuple[int, ...]
    campaign: str | None
    review: ReviewRow | None
    """What was opened for it; None when nothing was."""


def watch(session: Session, kind: WatchKind, target: str, *, name: str, by: Person, at: datetime) -> WatchRow:
    """Begin to watch something; watching it twice changes nothing."""
    check(by, Permission.VIEW_ADVERTS)
    if kind is WatchKind.CONTACT:
        check(by, Permission.VIEW_CONTACTS)
    target = _checked(session, kind, target, by=by)
    known = watches.find_watch(session, user_id=by.id, kind=kind, target=target)
    if known is not None:
        return known
    if watches.count_watches(session, by.id) >= MOST_WATCHES:
        raise ConflictError(f"you watch {MOST_WATCHES} things already; end one first")
    named = storable(" ".join(name.split()), limit=LONGEST_NAME) or kind.value
    row = watches.add_watch(session, user_id=by.id, kind=kind, target=target, name=named, at=at)
    append_event(session, Act.WATCH_SET, subject=row.id, actor=by.id, at=at, detail={"kind": kind.value})
    return row


def watch_written(
    session: Session, written: str, *, name: str, by: Person, at: datetime, pepper: bytes
) -> list[WatchRow]:
    """Watch the contacts that stand in some words, also those that no advert has carried yet."""
    check(by, Permission.VIEW_CONTACTS)
    contacts = links_of(JobAdvert(id="typed", description=written), pepper=pepper).contacts if written else ()
    if not contacts:
        detail = "no contact was found in this; write it as an advert would: Telegram @name, +44 …"
        raise InvalidFieldsError(detail, faults=[FieldFault("/contact", "unknown", detail)])
    return [
        watch(session, WatchKind.CONTACT, str(contact.id), name=name or contact.kind, by=by, at=at)
        for contact in contacts
    ]


def unwatch(session: Session, watch_id: str, *, by: Person, at: datetime) -> None:
    """End one of the person's own watches, with its alerts."""
    row = watches.get_watch(session, watch_id, user_id=by.id)
    kind = row.kind
    watches.remove_watch(session, row)
    append_event(session, Act.WATCH_ENDED, subject=watch_id, actor=by.id, at=at, detail={"kind": kind})


def see(session: Session, alert_ids: Sequence[str], *, by: Person, at: datetime) -> int:
    """Mark some of the person's own alerts as seen; gives how many were new."""
    n_seen = watches.mark_seen(session, by.id, alert_ids, at=at)
    if n_seen:
        append_event(session, Act.ALERTS_SEEN, subject=by.id, actor=by.id, at=at, detail={"n": n_seen})
    return n_seen


def raise_alerts(session: Session, arrived: Sequence[Arrived], *, at: datetime) -> int:
    """Tell everybody who waited for one of these adverts; gives how many alerts were raised."""
    watched = watches.watched_kinds(session)
    found = []
    if WatchKind.CONTACT in watched:
        found += _by_contact(session, arrived)
    if WatchKind.CAMPAIGN in watched:
        found += _by_campaign(session, arrived)
    if WatchKind.SEARCH in watched:
        found += _by_search(session, [one.review for one in arrived if one.review is not None])
    n_raised = watches.record_alerts(session, found, at=at) if found else 0
    if n_raised:
        append_event(
            session, Act.ALERTS_RAISED, subject="watches", actor=SYSTEM, at=at, detail={"n": n_raised}
        )
    return n_raised


def filters_of(query: str) -> Filters:
    """Read what of a watched address is watched: its filters, in whatever state an advert is."""
    return replace(Filters.of_query(query), state="waiting")


def _checked(session: Session, kind: WatchKind, target: str, *, by: Person) -> str:
    if kind is WatchKind.CAMPAIGN:
        return campaign_pages.family_of(session, target)[0]
    if kind is WatchKind.SEARCH:
        filters = filters_of(target[:LONGEST_QUERY])
        if not filters.narrowed:
            raise ConflictError("choose a filter or search for something first; everything cannot be watched")
        narrowings_of(session, filters, by=by)
        return target[:LONGEST_QUERY]
    if not target.isdecimal():
        raise ConflictError("there is no such contact")
    return target


def _by_contact(session: Session, arrived: Sequence[Arrived]) -> list[tuple[WatchRow, str]]:
    carriers: dict[str, list[str]] = {}
    for one in arrived:
        for link_id in one.link_ids:
            carriers.setdefault(str(link_id), []).append(one.key)
    if not carriers:
        return []
    return [
        (row, key)
        for row, user in watches.watching_contacts(session, [int(target) for target in carriers])
        if can(Person.of(user), Permission.VIEW_CONTACTS)
        for key in carriers[row.target]
    ]


def _by_campaign(session: Session, arrived: Sequence[Arrived]) -> list[tuple[WatchRow, str]]:
    members: dict[str, list[str]] = {}
    for one in arrived:
        if one.campaign is not None:
            members.setdefault(one.campaign, []).append(one.key)
    if not members:
        return []
    return [
        (row, key)
        for row, user, root in watches.watching_campaigns(session, list(members))
        if can(Person.of(user), Permission.VIEW_ADVERTS)
        for key in members[root]
    ]


def _by_search(session: Session, opened: Sequence[ReviewRow]) -> list[tuple[WatchRow, str]]:
    if not opened:
        return []
    found = []
    for row, user in watches.watching_searches(session):
        by, filters = Person.of(user), filters_of(row.target)
        if not can(by, Permission.VIEW_ADVERTS):
            continue
        meeting = {
            review.id: review.advert_key
            for review in opened
            if (filters.band or review.band) == review.band
            and (filters.language or review.language) == review.language
            and (filters.source or review.source) == review.source
        }
        for narrowing in narrowings_of(session, filters, by=by):
            met = narrowing.check(session, list(meeting)) if meeting else set()
            meeting = {review_id: key for review_id, key in meeting.items() if review_id in met}
        found += [(row, key) for key in meeting.values()]
    return found
