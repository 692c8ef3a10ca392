"""What every page shares: who is signed in, templates, redirects, error pages."""

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.assessing import Context
from service.auth import COOKIE, SECURE_COOKIE, SignedIn, check_csrf, signed_in
from service.console.view import words
from service.errors import ServiceError, UnauthenticatedError
from service.review.queue import LONGEST_ADDRESS, Filters, show_score
from service.review.verdicts import find_choice
from service.store import reviews, watches

HERE = Path(__file__).parent

NO_STORE = {"Cache-Control": "no-store"}
"""Adverts and contacts stay out of every cache."""


View = Annotated[str, Form(max_length=LONGEST_ADDRESS)]
"""The filters of the queue that somebody works through, as the forms of its adverts carry them along."""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        words=words, score=show_score, signed="{:+.1f}".format, percent=_percent, moment=_moment, span=_span
    )
    environment.globals["asset_version"] = str(
        int(max(path.stat().st_mtime for path in (HERE / "static").iterdir()))
    )
    return environment


def _percent(probability: float) -> str:
    if probability >= 0.995:  # noqa: PLR2004 - would be rounded to 100%
        return ">99%"
    return "<1%" if probability < 0.005 else f"{probability:.0%}"  # noqa: PLR2004


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def _span(seconds: int) -> str:
    """Give a length of time as a clock shows it; days when it is long."""
    if seconds >= 2 * 86_400:
        return f"{seconds // 86_400} days"
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


TEMPLATES = _environment()


def context_of(request: Request) -> Context:
    """Give what the process shares."""
    context: Context = request.app.state.context
    return context


def session_token(request: Request) -> str:
    """Give the session cookie's value, or nothing."""
    name = SECURE_COOKIE if context_of(request).settings.secure_cookies else COOKIE
    return request.cookies.get(name, "")


def current(request: Request) -> SignedIn:
    """Give who is signed in; raises `UnauthenticatedError`."""
    context = context_of(request)
    with context.database.reading() as session:
        found = signed_in(session_token(request), session, pepper=context.pepper, at=context.clock())
    if found is None:
        raise UnauthenticatedError("you are not signed in, or your session has ended")
    return found


def current_form(request: Request, csrf: str) -> SignedIn:
    """Give who sent a form; raises unless it comes from a page of their own session."""
    who = current(request)
    check_csrf(csrf, who.csrf)
    return who


def render(
    request: Request, template: str, who: SignedIn | None, *, status: int = 200, **values: Any
) -> Response:
    """Render a page."""
    context = context_of(request)
    values.setdefault("view", "")
    if who is not None:
        now = context.clock()
        with context.database.reading() as session:
            values["n_waiting"] = reviews.count_waiting(session)
            values["n_alerts"] = watches.count_unseen(session, who.person.id)
            values["n_today"] = reviews.count_decided(
                session, who.person.id, since=now.replace(hour=0, minute=0, second=0, microsecond=0)
            )
    page = TEMPLATES.get_template(template).render(
        who=who,
        said=find_choice(request.query_params.get("said", "")),
        undone="undone" in request.query_params,
        **values,
    )
    return HTMLResponse(page, status_code=status, headers=NO_STORE)


def render_error(error: ServiceError, request: Request, request_id: str) -> Response:
    """Render an error as a page for people, with what to do next."""
    try:
        who = current(request) if not isinstance(error, UnauthenticatedError) else None
    except ServiceError:
        who = None
    return render(request, "error.html", who, status=error.status, error=error, request_id=request_id)


def own_path(back: str) -> str:
    """Give an address of the console, whatever a form asked to go back to."""
    own = back.startswith("/console") and "\\" not in back and "//" not in back and back.isprintable()
    return back if own else "/console"


def within(path: str, filters: Filters, said: str = "") -> str:
    """Give an address that keeps the filters; `said` is what the page tells of the act before."""
    query = "&".join(part for part in (said, filters.address) if part)
    return f"{path}?{query}" if query else path


def redirect(path: str) -> Response:
    """Send the browser on after a form."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER, headers=NO_STORE)
