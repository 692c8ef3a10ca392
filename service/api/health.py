"""Is it alive, is it ready, which version is it, and how is it doing: for operators and load balancers."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from service.assessing import Context
from service.store import reviews
from service.store.migrate import check_current

router = APIRouter(tags=["operate"])


@router.get("/livez", summary="Is the process alive?")
def livez() -> dict[str, str]:
    """Answer as long as the process can answer anything."""
    return {"status": "alive"}


@router.get("/readyz", summary="Can it serve?")
def readyz(request: Request) -> dict[str, str]:
    """Answer 200 when database and release are there and fit this version, a 503 problem otherwise."""
    context: Context = request.app.state.context
    context.database.check()
    check_current(context.database)
    return {"status": "ready", "model_version": context.detector.model_version}


@router.get("/version", summary="Which version is this?")
def version(request: Request) -> dict[str, Any]:
    """Name the service's version and the release that scores."""
    detector = request.app.state.context.detector
    return {
        "service": request.app.version,
        "model_version": detector.model_version,
        "catalogue_version": detector.catalogue_version,
    }


@router.get("/metrics", summary="Prometheus metrics")
def metrics(request: Request) -> Response:
    """Give counts and durations; nothing about any advert or partner."""
    context: Context = request.app.state.context
    with context.database.reading() as session:
        request.app.state.metrics.waiting.set(reviews.count_waiting(session))
    return Response(request.app.state.metrics.expose(), media_type=CONTENT_TYPE_LATEST)
