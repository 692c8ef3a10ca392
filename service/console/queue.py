"""The queue: what waits for a person, first things first, with filters in the address."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from service.console.pages import context_of, current, current_form, redirect, render
from service.review import actions
from service.review.permissions import Permission, can, check
from service.review.queue import Filters, list_items, next_item
from service.store import reviews
from service.store.reviews import Place

router = APIRouter()
FILTERED = ("band", "language", "source")


@router.get("")
def show_queue(
    request: Request,
    *,
    band: str = "",
    language: str = "",
    source: str = "",
    state: str = "waiting",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """List what waits, or what has been decided."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    chosen = Filters(
        band or None, language or None, source or None, "decided" if state == "decided" else "waiting"
    )
    with context.database.reading() as session:
        items, place = list_items(
            session, chosen, by=who.person, at=context.clock(), after=_read_cursor(after)
        )
        options = {name: reviews.values_of(session, name) for name in FILTERED}
    return render(
        request,
        "queue.html",
        who,
        items=items,
        chosen=chosen,
        options=options,
        following=_cursor(place) if place else None,
        is_first=not after,
        may_decide=can(who.person, Permission.DECIDE),
    )


@router.post("/next")
def open_next(request: Request, csrf: Annotated[str, Form()]) -> Response:
    """Claim the first item that waits and open it."""
    who = current_form(request, csrf)
    context = context_of(request)
    now = context.clock()
    with context.database.writing() as session:
        review = next_item(session, by=who.person, at=now)
        if review is None:
            return redirect("/console")
        minutes = context.settings.claim_minutes
        actions.claim(session, review.id, by=who.person, at=now, minutes=minutes)
    return redirect(f"/console/reviews/{review.id}")


def _cursor(place: Place) -> str:
    return f"{place.priority!r}~{place.review_id}"


def _read_cursor(after: str) -> Place | None:
    priority, _, review_id = after.partition("~")
    try:
        return Place(float(priority), review_id)
    except ValueError:
        return None
