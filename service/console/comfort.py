"""What makes the work bearable: softened text, and a word when it is time for a break.

Both are kept in cookies of the browser at hand: they say nothing of a person that the console has to know.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from service.console.decide import Field
from service.console.pages import context_of, current_form, own_path, redirect
from service.console.softening import COOKIE
from service.store import reviews

router = APIRouter()
RESTED = "lurewatch_rested"
ITEMS, MINUTES = 50, 50
"""As many decisions, or as long a stretch of deciding, as a break is suggested after."""
PAUSE = timedelta(minutes=10)
"""As long without a decision is a break."""
LOOK_BACK = timedelta(hours=4)
_YEAR_S = 365 * 86_400


@dataclass(frozen=True)
class Nudge:
    """How long somebody has been at it."""

    items: int
    minutes: int


@router.post("/soft")
def soften(request: Request, csrf: Field, on: Field = "", back: Field = "") -> Response:
    """Cover what is hard to read from now on, or show everything again."""
    current_form(request, csrf)
    response = redirect(own_path(back))
    _remember(request, response, COOKIE, "1" if on else "0", seconds=_YEAR_S)
    return response


@router.post("/rested")
def dismiss(request: Request, csrf: Field, back: Field = "") -> Response:
    """Put the suggestion of a break away; it comes again after as many adverts or minutes."""
    current_form(request, csrf)
    response = redirect(own_path(back))
    now = context_of(request).clock()
    _remember(request, response, RESTED, str(int(now.timestamp())), seconds=int(LOOK_BACK.total_seconds()))
    return response


def is_soft(request: Request) -> bool:
    """Tell whether this browser shows softened text."""
    return request.cookies.get(COOKIE) == "1"


def nudge_of(request: Request, session: Session, user_id: str) -> Nudge | None:
    """Suggest a break after a long stretch of decisions; None when there is no reason to."""
    now = context_of(request).clock()
    since = now - LOOK_BACK
    given = request.cookies.get(RESTED, "")
    if given.isdecimal() and len(given) <= len(str(int(now.timestamp()))):
        since = max(since, min(now, datetime.fromtimestamp(int(given), tz=UTC)))
    n_items, begun = 0, now
    for decided_at in reviews.decided_since(session, user_id, since=since):
        if begun - decided_at > PAUSE:
            break
        n_items, begun = n_items + 1, decided_at
    minutes = int((now - begun) / timedelta(minutes=1))
    return Nudge(n_items, minutes) if n_items >= ITEMS or minutes >= MINUTES else None


def _remember(request: Request, response: Response, name: str, value: str, *, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        secure=context_of(request).settings.secure_cookies,
        samesite="strict",
        path="/console",
    )
