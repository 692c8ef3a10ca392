"""The scoring API, version 1: transport around `assessing`, no judgement of its own.

Routes are plain functions, because scoring is processor work and FastAPI runs it in its pool.
Bodies are read by pydantic from the bytes, once; `docs` describes them to OpenAPI.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from model.schema.assessment import Thresholds
from service.api.docs import PROBLEMS, body_of
from service.api.wire import (
    BatchAnswer,
    BatchItem,
    BatchRequest,
    ProblemOut,
    ScoreAnswer,
    ScoreRequest,
    answer,
    read_batch,
    read_batch_item,
    read_request,
)
from service.assessing import Context, assess_and_store
from service.auth import authenticate
from service.errors import NotFoundError, ServiceError, UnsupportedMediaError
from service.problems import problem, request_id_of
from service.store.assessments import find_assessment
from service.store.partners import Partner

router = APIRouter(
    prefix="/v1",
    tags=["score"],
    dependencies=[
        Security(HTTPBearer(auto_error=False, scheme_name="Bearer", description="Your partner key.")),
        Security(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="ApiKey")),
    ],
)


async def json_body(request: Request) -> bytes:
    """Give the body's bytes; raises 415 unless it is plain JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaError("send the body as Content-Type: application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaError("send the body without Content-Encoding")
    return await request.body()


Body = Annotated[bytes, Depends(json_body)]


@router.post(
    "/score",
    summary="Score one advert",
    response_model=ScoreAnswer,
    responses=PROBLEMS,
    openapi_extra=body_of(ScoreRequest),
)
def score(request: Request, raw: Body) -> Response:
    """How risky is this advert, and why? The advert is kept; `kept` says for how long."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "score")
    headers = context.rates.take(partner.id, cost=1)
    advert, ignored = read_request(raw)
    stored = assess_and_store(
        context, [advert], partner_id=partner.id, at=context.clock(), thresholds=_thresholds(partner)
    )[0]
    request.app.state.metrics.assessed.labels(stored.assessment.band.value).inc()
    return _json(answer(stored, ignored).model_dump_json(), headers=headers)


@router.post(
    "/score/batch",
    summary="Score up to 100 adverts",
    status_code=207,
    response_model=BatchAnswer,
    responses=PROBLEMS,
    openapi_extra=body_of(BatchRequest),
)
def score_batch(request: Request, raw: Body) -> Response:
    """Score many at once; each item has its own status, and one bad advert spoils no other."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "score")
    sent_adverts = read_batch(raw).adverts
    headers = context.rates.take(partner.id, cost=len(sent_adverts))
    items: list[BatchItem] = []
    good = []
    for index, sent in enumerate(sent_adverts):
        try:
            good.append((index, *read_batch_item(sent)))
        except ServiceError as error:
            items.append(_refused(index, error, request))
    stored = assess_and_store(
        context,
        [advert for _, advert, _ in good],
        partner_id=partner.id,
        at=context.clock(),
        thresholds=_thresholds(partner),
    )
    for (index, _, ignored), one in zip(good, stored, strict=True):
        request.app.state.metrics.assessed.labels(one.assessment.band.value).inc()
        items.append(BatchItem(index=index, status=200, answer=answer(one, ignored)))
    items.sort(key=lambda item: item.index)
    return _json(BatchAnswer(items=items).model_dump_json(exclude_none=True), status=207, headers=headers)


@router.get(
    "/assessments/{assessment_id}",
    summary="Read an assessment again",
    response_model=ScoreAnswer,
    responses=PROBLEMS,
)
def get_assessment(request: Request, assessment_id: str) -> Response:
    """Give an assessment exactly as it was given; another partner's does not exist for you."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    with context.database.reading() as session:
        stored = find_assessment(session, assessment_id, partner_id=partner.id)
    if stored is None:
        raise NotFoundError("there is no such assessment of yours")
    return _json(answer(stored).model_dump_json())


def _thresholds(partner: Partner) -> Thresholds | None:
    if partner.review_threshold is None or partner.high_threshold is None:
        return None
    return Thresholds(review=partner.review_threshold, high=partner.high_threshold)


def _refused(index: int, error: ServiceError, request: Request) -> BatchItem:
    said = problem(error, instance=request.url.path, request_id=request_id_of(request.scope))
    return BatchItem(index=index, status=error.status, problem=ProblemOut.from_json(said))


def _json(body: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, media_type="application/json", headers=headers)
