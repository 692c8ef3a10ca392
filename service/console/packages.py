"""Evidence packages to take away: one form, one file; who took what and what for is on record.

A full package of adverts that only one person has looked at is not made; the page that says so asks for the
second look.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session

from service.assessing import Context
from service.auth import SignedIn
from service.console.decide import Field
from service.console.pages import NO_STORE, context_of, current_form, render
from service.errors import NeedsSecondLookError
from service.packages.build import MOST_ADVERTS, Package, build, gather, record_made
from service.packages.contents import Contents
from service.packages.pages import find_pages
from service.packages.printing import print_report
from service.review.second_look import Lack, ask_for_looks, find_lacking
from service.store import campaign_pages, reviews

router = APIRouter()
Full = Annotated[bool, Form()]


@router.post("/reviews/{review_id}/package")
def package_review(
    request: Request, review_id: str, *, csrf: Field, purpose: Field = "", full: Full = False
) -> Response:
    """Give one advert as a package."""
    return _send(request, review_id, None, csrf=csrf, purpose=purpose, full=full)


@router.post("/campaigns/{campaign_id}/package")
def package_campaign(
    request: Request, campaign_id: str, *, csrf: Field, purpose: Field = "", full: Full = False
) -> Response:
    """Give all adverts of a campaign that came into the queue as a package."""
    return _send(request, None, campaign_id, csrf=csrf, purpose=purpose, full=full)


@router.post("/reviews/{review_id}/package/second-look")
def ask_for_review(request: Request, review_id: str, *, csrf: Field) -> Response:
    """Ask for the second look that a full package of one advert needs."""
    return _ask(request, review_id, None, csrf=csrf)


@router.post("/campaigns/{campaign_id}/package/second-look")
def ask_for_campaign(request: Request, campaign_id: str, *, csrf: Field) -> Response:
    """Ask for the second looks that a full package of a campaign needs."""
    return _ask(request, None, campaign_id, csrf=csrf)


def _send(
    request: Request, review_id: str | None, campaign_id: str | None, *, csrf: str, purpose: str, full: bool
) -> Response:
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.reading() as session:
        review_ids = _reviews_of(session, review_id, campaign_id)
        try:
            contents = gather(
                session,
                review_ids,
                by=who.person,
                at=context.clock(),
                full=full,
                purpose=purpose,
                second_look_rate=context.settings.second_look_rate,
                campaign_id=campaign_id,
            )
        except NeedsSecondLookError as error:
            return _refusal(request, who, session, review_ids, campaign_id, why=error.detail)
    package = _built(context, contents)
    with context.database.writing() as session:
        record_made(session, package, contents, by=who.person)
    headers = {
        **NO_STORE,
        "Content-Disposition": f'attachment; filename="{package.name}"',
        "X-Manifest-SHA256": package.manifest_digest,
    }
    return Response(package.data, media_type="application/zip", headers=headers)


def _ask(request: Request, review_id: str | None, campaign_id: str | None, *, csrf: str) -> Response:
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        review_ids = _reviews_of(session, review_id, campaign_id)
        rate = context.settings.second_look_rate
        ask_for_looks(session, review_ids, by=who.person, at=context.clock(), rate=rate)
    with context.database.reading() as session:
        return _refusal(request, who, session, review_ids, campaign_id, why=None)


def _built(context: Context, contents: Contents) -> Package:
    evidence = context.settings.evidence
    digests = [item.advert.page_digest for item in contents.items if item.advert.page_digest]
    pages = find_pages(evidence, digests) if contents.full and evidence is not None else {}
    return build(contents, pages=pages, printer=print_report)


def _reviews_of(session: Session, review_id: str | None, campaign_id: str | None) -> list[str]:
    if review_id is not None:
        return [reviews.get_review(session, review_id).id]
    family = campaign_pages.family_of(session, campaign_id or "")
    members = campaign_pages.list_members(session, family, limit=2 * MOST_ADVERTS)
    return [member.review.id for member in members if member.review is not None]


def _refusal(
    request: Request,
    who: SignedIn,
    session: Session,
    review_ids: list[str],
    campaign_id: str | None,
    *,
    why: str | None,
) -> Response:
    """Say which adverts lack what; `why` is None when the looks have just been asked for."""
    lacking = find_lacking(session, review_ids, rate=context_of(request).settings.second_look_rate)
    return render(
        request,
        "package_refused.html",
        who,
        status=(HTTPStatus.CONFLICT if why else HTTPStatus.OK).value,
        why=why,
        lacking=lacking,
        n_unasked=sum(lack is Lack.UNASKED for lack in lacking.values()),
        back=f"/console/campaigns/{campaign_id}" if campaign_id else f"/console/reviews/{review_ids[0]}",
    )
