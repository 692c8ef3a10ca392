"""The console's pages under one prefix; none of them is part of the API's description."""

from fastapi import APIRouter, Response

from service.console import (
    account,
    advert,
    archived,
    campaigns,
    comfort,
    decide,
    insight,
    login,
    packages,
    queue,
    watching,
)
from service.console.pages import redirect

router = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> Response:
    """Lead to the console."""
    return redirect("/console")


PARTS: tuple[APIRouter, ...] = (
    login.router,
    queue.router,
    advert.router,
    archived.router,
    decide.router,
    campaigns.router,
    packages.router,
    account.router,
    insight.router,
    watching.router,
    comfort.router,
)
"""Everything under `/console`."""

for part in PARTS:
    router.include_router(part, prefix="/console")
