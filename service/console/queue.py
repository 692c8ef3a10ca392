"""The queue: what waits for a person, first things first; filters and search stand in the address."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from service.console.comfort import is_soft
from service.console.daily import view_daily
from service.console.pages import View, context_of, current, current_form, redirect, render, within
from service.console.softening import Headings
from service.errors import FieldFault, InvalidFieldsError
from service.review import actions
from service.review.permissions import Permission, can, check
from service.review.queue import STATES, Filters, list_items, next_item, read_day
from service.store import reviews, search, views, watches
from service.store.reviews import Place
from service.store.watches import WatchKind

router = APIRouter()
FILTERED = ("band", "language", "source")
TAGGED = ("place", "indicator")
MOST_TAGS = 200
MOST_VIEWS = 30


@router.get("")
def show_queue(request: Request, *, after: Annotated[str, Query(max_length=80)] = "") -> Response:
    """List what waits, or what has been decided, as far as it fits the filters in the address."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    chosen = Filters.of(request.query_params)
    day = read_day(chosen.daily)
    with context.database.reading() as session:
        items, following = list_items(
            session, chosen, by=who.person, at=context.clock(), after=_read_cursor(after)
        )
        headings = Headings.of(
            session,
            [item.review.id for item in items],
            with_contacts=can(who.person, Permission.VIEW_CONTACTS),
            softened=is_soft(request),
        )
        options = {name: reviews.values_of(session, name) for name in FILTERED}
        options |= {kind: search.tag_values(session, kind, most=MOST_TAGS) for kind in TAGGED}
        saved = views.list_views(session, who.person.id)
        asked = view_daily(session, day)
        watched = watches.targets_of(session, user_id=who.person.id, kind=WatchKind.SEARCH)
    return render(
        request,
        "queue.html",
        who,
        items=items,
        headings=headings,
        chosen=chosen,
        options=options,
        states=STATES,
        saved=saved,
        asked=asked,
        is_watched=chosen.address in watched,
        view=chosen.address,
        following=_cursor(following) if following else None,
        is_first=not after,
        may_decide=can(who.person, Permission.DECIDE),
        may_search_contacts=can(who.person, Permission.VIEW_CONTACTS),
    )


@router.post("/next")
def open_next(request: Request, csrf: Annotated[str, Form()], view: View = "") -> Response:
    """Claim the first item that waits in the filtered queue and open it."""
    who = current_form(request, csrf)
    context = context_of(request)
    now, filters = context.clock(), Filters.of_query(view)
    with context.database.writing() as session:
        review = None if filters.is_settled else next_item(session, filters, by=who.person, at=now)
        if review is None:
            return redirect(within("/console", filters))
        minutes = context.settings.claim_minutes
        actions.claim(session, review.id, by=who.person, at=now, minutes=minutes)
    return redirect(within(f"/console/reviews/{review.id}", filters))


@router.post("/views")
def save_view(
    request: Request,
    *,
    csrf: Annotated[str, Form()],
    name: Annotated[str, Form(max_length=60)] = "",
    query: Annotated[str, Form(max_length=2000)] = "",
    forget: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Keep the filters that are on screen under a name, or forget a name."""
    who = current_form(request, csrf)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    wanted, chosen = " ".join(name.split()), Filters.of_query(query)
    if not forget and not wanted:
        detail = "give the view a name"
        raise InvalidFieldsError(detail, faults=[FieldFault("/name", "missing", detail)])
    with context.database.writing() as session:
        if forget:
            views.remove_view(session, user_id=who.person.id, name=forget)
        else:
            if len(views.list_views(session, who.person.id)) >= MOST_VIEWS:
                detail = f"forget a view first; {MOST_VIEWS} are kept"
                raise InvalidFieldsError(detail, faults=[FieldFault("/name", "too_many", detail)])
            views.save_view(
                session, user_id=who.person.id, name=wanted, query=chosen.address, at=context.clock()
            )
    return redirect(within("/console", chosen))


def _cursor(place: Place) -> str:
    return f"{place.priority!r}~{place.review_id}"


def _read_cursor(after: str) -> Place | None:
    priority, _, review_id = after.partition("~")
    try:
        return Place(float(priority), review_id)
    except ValueError:
        return None
