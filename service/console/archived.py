"""The archived page of an advert: what the crawl stored, rendered inert, with its digest and custody."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from service.assessing import Context
from service.console.pages import NO_STORE, context_of, current, render
from service.errors import NotFoundError
from service.middleware import CSP as PAGE_CSP
from service.packages.archived import CSP, Shown, open_page, render_inert
from service.packages.pages import ArchivedPage, find_pages
from service.review.permissions import Permission, check
from service.store import reviews, users
from service.store.adverts import load_advert
from service.store.audit import SYSTEM, Act, append_event, list_events

router = APIRouter()
CUSTODY = 100


@router.get("/reviews/{review_id}/page")
def show_archived(request: Request, review_id: str) -> Response:
    """Show the frame with the page in it, and beside it what proves it."""
    who = current(request)
    check(who.person, Permission.VIEW_CONTACTS)
    context = context_of(request)
    with context.database.reading() as session:
        page, shown = _find(context, session, review_id)
        custody = list_events(session, review_id, limit=CUSTODY)
        names = users.pseudonyms(session)
    answer = render(
        request,
        "archived.html",
        who,
        review_id=review_id,
        page=page,
        shown=shown,
        verifies=shown.body_digest == page.page_digest,
        custody=[(event, names.get(event.actor, SYSTEM)) for event in reversed(custody)],
    )
    answer.headers["Content-Security-Policy"] = f"{PAGE_CSP.decode()}; frame-src 'self'"
    return answer


@router.get("/reviews/{review_id}/page/inert")
def show_inert(request: Request, review_id: str) -> Response:
    """Give the page itself, for the frame; that it was shown is recorded, as for contacts."""
    who = current(request)
    check(who.person, Permission.VIEW_CONTACTS)
    context = context_of(request)
    with context.database.reading() as session:  # reading files takes too long to hold up those who write
        page, shown = _find(context, session, review_id)
    with context.database.writing() as session:
        append_event(
            session,
            Act.PAGE_VIEWED,
            subject=review_id,
            actor=who.person.id,
            at=context.clock(),
            detail={"page": page.page_digest},
        )
    headers = {**NO_STORE, "Content-Security-Policy": CSP, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(render_inert(shown), headers=headers)


def _find(context: Context, session: Session, review_id: str) -> tuple[ArchivedPage, Shown]:
    review = reviews.get_review(session, review_id)
    digest = load_advert(session, review.advert_key).page_digest
    folder = context.settings.evidence
    page = find_pages(folder, [digest]).get(digest) if digest and folder else None
    if page is None:
        raise NotFoundError("no archived page of this advert is in the evidence folder")
    return page, open_page(page)
