"""The watch list: what a person waits for, and the adverts that came."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from service.console.comfort import is_soft
from service.console.decide import Field
from service.console.pages import context_of, current, current_form, own_path, redirect, render
from service.console.softening import Headings
from service.console.view import words
from service.errors import ConflictError
from service.review import watching
from service.review.masking import hide_contacts
from service.review.permissions import Permission, can, check
from service.store import watches
from service.store.watches import WatchKind

router = APIRouter()
SHOWN = 100
TITLE = 60


@dataclass(frozen=True)
class Offer:
    """Something on a page that can be watched."""

    kind: WatchKind
    target: str
    label: str
    name: str
    """What the watch will be called; no contact stands in it."""
    is_watched: bool


@router.get("/alerts")
def show_alerts(request: Request, *, seen: bool = False) -> Response:
    """Show the alerts that wait, or those that were seen, and what is watched."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    with context_of(request).database.reading() as session:
        alerts = watches.list_alerts(session, who.person.id, seen=seen, limit=SHOWN)
        watched = watches.list_watches(session, who.person.id)
        with_contacts = can(who.person, Permission.VIEW_CONTACTS)
        reviews = [alert.review.id for alert in alerts if alert.review is not None]
        headings = Headings.of(session, reviews, with_contacts=with_contacts, softened=is_soft(request))
    return render(
        request,
        "alerts.html",
        who,
        alerts=alerts,
        watched=watched,
        seen=seen,
        headings=headings,
        may_watch_contacts=with_contacts,
    )


@router.post("/alerts/seen")
def mark_seen(
    request: Request,
    csrf: Field,
    alert: Annotated[list[str] | None, Form()] = None,
    shown: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Mark one alert as seen, or all that were on the page."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        watching.see(session, alert or shown or [], by=who.person, at=context.clock())
    return redirect("/console/alerts")


@router.post("/watches")
def add_watch(
    request: Request, *, csrf: Field, target: Field, kind: Field, name: Field = "", back: Field = ""
) -> Response:
    """Watch something, and go back to where it was seen."""
    who = current_form(request, csrf)
    context = context_of(request)
    if kind not in set(WatchKind):
        raise ConflictError("this cannot be watched")
    with context.database.writing() as session:
        watching.watch(session, WatchKind(kind), target, name=name, by=who.person, at=context.clock())
    return redirect(own_path(back))


@router.post("/watches/contact")
def add_written_contact(request: Request, csrf: Field, contact: Field = "", name: Field = "") -> Response:
    """Watch a contact that was typed in."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        watching.watch_written(
            session, contact, name=name, by=who.person, at=context.clock(), pepper=context.pepper
        )
    return redirect("/console/alerts")


@router.post("/watches/end")
def end_watch(request: Request, csrf: Field, watch: Field) -> Response:
    """End a watch."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        watching.unwatch(session, watch, by=who.person, at=context.clock())
    return redirect("/console/alerts")


def offers_of(
    contacts: Sequence[tuple[int, str, int]],
    campaign_id: str | None,
    *,
    title: str,
    watched: Mapping[WatchKind, Collection[str]],
) -> list[Offer]:
    """Give what of an advert can be watched: its contacts and links, and its campaign."""
    place = hide_contacts(" ".join(title.split()))[:TITLE]
    offers = [
        Offer(
            WatchKind.CONTACT,
            str(link_id),
            words(kind),
            f"{words(kind)} in “{place}”",
            str(link_id) in watched[WatchKind.CONTACT],
        )
        for link_id, kind, _ in contacts
    ]
    if campaign_id is not None:
        is_watched = campaign_id in watched[WatchKind.CAMPAIGN]
        offers.append(Offer(WatchKind.CAMPAIGN, campaign_id, "its campaign", f"“{place}”", is_watched))
    return offers
