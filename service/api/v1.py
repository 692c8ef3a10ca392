"""The scoring API, version 1: transport around `assessing`, no judgement of its own.

Routes are plain functions, because scoring is processor work and FastAPI runs it in its pool.
Bodies are read by pydantic from the bytes, once; `docs` describes them to OpenAPI.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from model.schema.advert import JobAdvert
from model.schema.assessment import Thresholds
from service.api.conditional import respond_tagged
from service.api.docs import PROBLEMS, body_of
from service.api.options import Options, Shown, read_options, read_shown
from service.api.paging import Cursor, Limit, Page, next_page, read_cursor
from service.api.wire import (
    AssessmentLine,
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
from service.assessing import Context, Detector, assess_and_store, read_again
from service.auth import authenticate
from service.errors import NotFoundError, ServiceError, UnsupportedMediaError
from service.idempotency import IdempotentRoute
from service.problems import problem, request_id_of
from service.store.assessments import StoredAssessment, page_of_assessments
from service.store.partners import Partner
from service.testing import ForcedAdvert, check_forced, is_forced, list_test_adverts, read_forced, try_out

router = APIRouter(
    prefix="/v1",
    tags=["score"],
    route_class=IdempotentRoute,
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
Asked = Annotated[Options, Depends(read_options)]


@router.post(
    "/score",
    summary="Score one advert",
    response_model=ScoreAnswer,
    responses=PROBLEMS,
    openapi_extra=body_of(ScoreRequest),
)
def score(request: Request, raw: Body, options: Asked) -> Response:
    """How risky is this advert, and why? The advert is kept unless `store` says otherwise; `kept` says for how long."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "score")
    headers = context.rates.take(partner.id, cost=1)
    detector = context.releases.get(options.model)
    advert, ignored = read_request(raw)
    stored = _assessed(request, [advert], partner, options, detector)[0]
    request.app.state.metrics.assessed.labels(stored.assessment.band.value).inc()
    return _json(answer(stored, ignored, shown=options, mode=partner.mode).model_dump_json(), headers=headers)


@router.post(
    "/score/batch",
    summary="Score up to 100 adverts",
    status_code=207,
    response_model=BatchAnswer,
    responses=PROBLEMS,
    openapi_extra=body_of(BatchRequest),
)
def score_batch(request: Request, raw: Body, options: Asked) -> Response:
    """Score many at once; each item has its own status, and one bad advert spoils no other."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "score")
    sent_adverts = read_batch(raw).adverts
    headers = context.rates.take(partner.id, cost=len(sent_adverts))
    detector = context.releases.get(options.model)
    items: list[BatchItem] = []
    good = []
    for index, sent in enumerate(sent_adverts):
        try:
            advert, ignored = read_batch_item(sent)
            check_test_id(advert, partner)
            good.append((index, advert, ignored))
        except ServiceError as error:
            items.append(_refused(index, error, request))
    stored = _assessed(request, [advert for _, advert, _ in good], partner, options, detector)
    for (index, _, ignored), one in zip(good, stored, strict=True):
        request.app.state.metrics.assessed.labels(one.assessment.band.value).inc()
        items.append(
            BatchItem(index=index, status=200, answer=answer(one, ignored, shown=options, mode=partner.mode))
        )
    items.sort(key=lambda item: item.index)
    return _json(BatchAnswer(items=items).model_dump_json(exclude_none=True), status=207, headers=headers)


@router.get(
    "/assessments/{assessment_id}",
    summary="Read an assessment again",
    response_model=ScoreAnswer,
    responses=PROBLEMS,
)
def get_assessment(
    request: Request, assessment_id: str, shown: Annotated[Shown, Depends(read_shown)]
) -> Response:
    """Give an assessment with what its advert shares by now; another partner's does not exist for you."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    if partner.is_test:
        stored = read_forced(assessment_id, thresholds=_thresholds(partner), detector=context.detector)
    else:
        stored = read_again(context, assessment_id, partner_id=partner.id)
    if stored is None:
        raise NotFoundError("there is no such assessment of yours")
    return respond_tagged(request, answer(stored, shown=shown, mode=partner.mode).model_dump_json())


@router.get(
    "/assessments", summary="List your assessments", response_model=Page[AssessmentLine], responses=PROBLEMS
)
def list_assessments(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Give your assessments in short, newest first; each can be read in full by its id. A test key has none."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    of = f"assessments {partner.id}"
    last = read_cursor(cursor, of=of, pepper=context.pepper)
    before = None if last is None else (datetime.fromisoformat(last.split()[0]), last.split()[1])
    with context.database.reading() as session:
        n_rows = 0 if partner.is_test else limit + 1
        rows = page_of_assessments(session, partner_id=partner.id, before=before, limit=n_rows)
    places = [f"{row.assessed_at.isoformat()} {row.id}" for row in rows]
    n_shown, following = next_page(places, limit=limit, of=of, pepper=context.pepper)
    items = [AssessmentLine.model_validate(row, from_attributes=True) for row in rows[:n_shown]]
    return _json(Page[AssessmentLine](items=items, next_cursor=following).model_dump_json())


@router.get("/test-adverts", summary="Adverts that force an answer", responses=PROBLEMS)
def test_adverts(request: Request) -> list[ForcedAdvert]:
    """List the adverts that give a test key a fixed answer: one for each band and for each reason."""
    authenticate(request, request.app.state.context, "read")
    return list_test_adverts()


def check_test_id(advert: JobAdvert, partner: Partner) -> None:
    """Raise 422 when a test key asks for a test advert that does not exist."""
    if partner.is_test and is_forced(advert):
        check_forced(advert)


def _assessed(
    request: Request, adverts: Sequence[JobAdvert], partner: Partner, options: Options, detector: Detector
) -> list[StoredAssessment]:
    """Score adverts and keep what the options say; nothing that came with a test key is kept."""
    context: Context = request.app.state.context
    at, thresholds = context.clock(), _thresholds(partner)
    if not partner.is_test:
        return assess_and_store(
            context,
            adverts,
            partner_id=partner.id,
            at=at,
            thresholds=thresholds,
            keep=options.store,
            detector=detector,
        )
    return try_out(context, adverts, partner_id=partner.id, thresholds=thresholds, detector=detector)


def _thresholds(partner: Partner) -> Thresholds | None:
    if partner.review_threshold is None or partner.high_threshold is None:
        return None
    return Thresholds(review=partner.review_threshold, high=partner.high_threshold)


def _refused(index: int, error: ServiceError, request: Request) -> BatchItem:
    said = problem(error, instance=request.url.path, request_id=request_id_of(request.scope))
    return BatchItem(index=index, status=error.status, problem=ProblemOut.from_json(said))


def _json(body: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, media_type="application/json", headers=headers)
