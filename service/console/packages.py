"""Evidence packages to take away: one form, one file; who took what and what for is on record."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from service.console.decide import Field
from service.console.pages import NO_STORE, context_of, current_form
from service.packages.build import MOST_ADVERTS, make_package
from service.store import campaign_pages, reviews

router = APIRouter()
Full = Annotated[bool, Form()]


@router.post("/reviews/{review_id}/package")
def package_review(
    request: Request, review_id: str, *, csrf: Field, purpose: Field = "", full: Full = False
) -> Response:
    """Give one advert as a package."""
    return _send(request, [review_id], None, csrf=csrf, purpose=purpose, full=full)


@router.post("/campaigns/{campaign_id}/package")
def package_campaign(
    request: Request, campaign_id: str, *, csrf: Field, purpose: Field = "", full: Full = False
) -> Response:
    """Give all adverts of a campaign that came into the queue as a package."""
    return _send(request, None, campaign_id, csrf=csrf, purpose=purpose, full=full)


def _send(
    request: Request,
    review_ids: list[str] | None,
    campaign_id: str | None,
    *,
    csrf: str,
    purpose: str,
    full: bool,
) -> Response:
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        if campaign_id is not None:
            family = campaign_pages.family_of(session, campaign_id)
            members = campaign_pages.list_members(session, family, limit=2 * MOST_ADVERTS)
            review_ids = [member.review.id for member in members if member.review is not None]
        for review_id in review_ids or []:
            reviews.get_review(session, review_id)
        package = make_package(
            session,
            review_ids or [],
            by=who.person,
            at=context.clock(),
            full=full,
            purpose=purpose,
            campaign_id=campaign_id,
            evidence=context.settings.evidence,
        )
    headers = {
        **NO_STORE,
        "Content-Disposition": f'attachment; filename="{package.name}"',
        "X-Manifest-SHA256": package.manifest_digest,
    }
    return Response(package.data, media_type="application/zip", headers=headers)
