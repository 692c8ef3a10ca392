"""Bulk jobs over HTTP: send a file of adverts, ask how far it is, fetch the answers and the refusals."""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from service.api.conditional import respond_tagged
from service.api.docs import PROBLEMS
from service.api.options import Options, read_options
from service.api.paging import Cursor, Limit, Page, next_page, read_cursor
from service.assessing import Context
from service.auth import authenticate
from service.errors import (
    ConflictError,
    InFlightError,
    NotFoundError,
    RangeError,
    RateLimitedError,
    UnsupportedMediaError,
)
from service.idempotency import HEADER, ask_of, check_key, replay, seal
from service.jobs.files import Upload, files_of
from service.jobs.running import job_options
from service.store import answers, jobs
from service.store.answers import Ask, Kept
from service.store.audit import Act, append_event
from service.store.ids import new_id
from service.store.jobs import JobState
from service.store.partners import Partner
from service.store.tables import JobRow

router = APIRouter(
    prefix="/v1/jobs",
    tags=["jobs"],
    dependencies=[
        Security(HTTPBearer(auto_error=False, scheme_name="Bearer", description="Your partner key.")),
        Security(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="ApiKey")),
    ],
)

MEDIA_TYPE = "application/x-ndjson"
SPOKEN = frozenset({MEDIA_TYPE, "application/ndjson", "application/jsonl", "application/jsonlines"})
MOST_WAITING = 10
"""Unfinished jobs a partner may have."""
ONE_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})")


class JobOut(BaseModel):
    """A bulk job. Each line ends up in exactly one of two files, under its line number."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    id: str
    """For `GET /v1/jobs/{id}`."""
    state: str
    """`queued`, `running`, `done`, `failed`, `cancelled` or `expired`; tolerate others."""
    fault: str | None
    """Why it could not be run."""
    progress: float
    """Share of the input that has been read, 0 to 1."""
    n_lines: int
    """Lines read so far."""
    n_scored: int
    """Lines answered so far, in the output file."""
    n_refused: int
    """Lines refused so far, in the error file."""
    input_bytes: int
    """Size of what was sent, unpacked."""
    input_sha256: str
    """Digest of what was sent, unpacked."""
    output_bytes: int
    """Size of the output file so far."""
    error_bytes: int
    """Size of the error file so far."""
    created_at: datetime
    """When it was sent (UTC)."""
    started_at: datetime | None
    """When its first line was read."""
    finished_at: datetime | None
    """When it ended."""
    expires_at: datetime | None
    """When its files go, once it is done."""


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One advert per line, each as in `POST /v1/score`; may be packed "
        "(`Content-Encoding: gzip`).",
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string", "minLength": 1, "examples": ['{"id": "1", "title": "Cook"}']}
            }
        },
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
    206: {
        "description": "The part that was asked for",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
}
Asked = Annotated[Options, Depends(read_options)]
_KEY = Annotated[str | None, Header(alias=HEADER, include_in_schema=False)]


@router.post(
    "",
    summary="Send a bulk job",
    status_code=202,
    response_model=JobOut,
    responses={k: v for k, v in PROBLEMS.items() if k != 404},  # noqa: PLR2004
    openapi_extra=_BODY,
)
async def create_job(request: Request, options: Asked, idempotency_key: _KEY = None) -> Response:
    """Take a file of any length, line by line; it is scored after the answer, see `Location`."""
    context: Context = request.app.state.context
    partner = await run_in_threadpool(authenticate, request, context, "score")
    is_packed = _check_form(request)
    key = None if idempotency_key is None else check_key(idempotency_key)
    await run_in_threadpool(_check_waiting, context, partner, is_repeat=key is not None)
    await run_in_threadpool(context.releases.get, options.model)
    how = job_options(options, mode=partner.mode, is_test=partner.is_test)
    job_id = new_id("job", at=context.clock())
    files = files_of(context.settings.jobs_folder, job_id)
    upload = Upload(files, packed=is_packed, limit=context.settings.max_job_bytes)
    kept = None
    try:
        async for piece in request.stream():
            await run_in_threadpool(upload.take, piece)
        digest = await run_in_threadpool(upload.finish)
        ask = ask_of(request, digest, key=key, partner=partner) if key else None
        kept, response = await run_in_threadpool(
            _record, context, partner, ask, job_id, digest, upload.n_bytes, how
        )
    except BaseException:
        upload.close()
        files.erase()
        raise
    if kept is not None:
        files.erase()
    return response


@router.get("", summary="List your jobs", response_model=Page[JobOut], responses=PROBLEMS)
def list_jobs(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Give your bulk jobs, newest first."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    of = f"jobs {partner.id}"
    before = read_cursor(cursor, of=of, pepper=context.pepper)
    with context.database.reading() as session:
        rows = jobs.list_jobs(
            session, partner_id=partner.id, is_test=partner.is_test, before=before, limit=limit + 1
        )
    n_shown, following = next_page([row.id for row in rows], limit=limit, of=of, pepper=context.pepper)
    page = Page[JobOut](items=[_out(row) for row in rows[:n_shown]], next_cursor=following)
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/{job_id}", summary="How far is a job?", response_model=JobOut, responses=PROBLEMS)
def get_job(request: Request, job_id: str) -> Response:
    """Give a job's state; `If-None-Match` saves asking in vain."""
    return respond_tagged(request, _out(_find(request, job_id)).model_dump_json())


@router.delete(
    "/{job_id}", summary="End a job and erase its files", response_model=JobOut, responses=PROBLEMS
)
def cancel_job(request: Request, job_id: str) -> Response:
    """Stop a job that waits or runs, and erase the files of any; what was scored stays stored."""
    context: Context = request.app.state.context
    partner = authenticate(request, context, "score")
    with context.database.writing() as session:
        row = jobs.cancel(session, job_id, partner_id=partner.id, is_test=partner.is_test, at=context.clock())
        append_event(session, Act.JOB_CANCELLED, subject=row.id, actor=partner.key_id, at=context.clock())
    files_of(context.settings.jobs_folder, row.id).erase()
    return Response(_out(row).model_dump_json(), media_type="application/json")


@router.get(
    "/{job_id}/output",
    summary="Fetch the answers",
    response_class=FileResponse,
    responses={**PROBLEMS, **_FILE},
)
def get_output(request: Request, job_id: str) -> Response:
    """Give one line per scored advert: `line`, `advert_id`, `status` 200 and `answer`. Takes `Range`."""
    return _download(request, job_id, name="output")


@router.get(
    "/{job_id}/errors",
    summary="Fetch the refusals",
    response_class=FileResponse,
    responses={**PROBLEMS, **_FILE},
)
def get_errors(request: Request, job_id: str) -> Response:
    """Give one line per refused advert: `line`, `status` and `problem`. Takes `Range`."""
    return _download(request, job_id, name="errors")


def _check_form(request: Request) -> bool:
    """Tell whether the body is packed; raises 415 when it is in no form we read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in SPOKEN:
        raise UnsupportedMediaError(f"send one advert per line as Content-Type: {MEDIA_TYPE}")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise UnsupportedMediaError("send the body plain or with Content-Encoding: gzip")
    return packing == "gzip"


def _check_waiting(context: Context, partner: Partner, *, is_repeat: bool) -> None:
    with context.database.reading() as session:
        n_waiting = jobs.count_unfinished(session, partner_id=partner.id)
    if n_waiting >= MOST_WAITING + is_repeat:  # a repeat may be of the last one taken
        raise RateLimitedError(
            f"{n_waiting} of your jobs are unfinished; wait for one or cancel it",
            headers={"Retry-After": "60"},
        )


def _record(
    context: Context,
    partner: Partner,
    ask: Ask | None,
    job_id: str,
    digest: str,
    n_bytes: int,
    how: dict[str, Any],
) -> tuple[Kept | None, Response]:
    """Record the job and the answer kept for its key in one transaction; gives an earlier answer first."""
    at = context.clock()
    row = JobRow(
        id=job_id,
        partner_id=partner.id,
        state=JobState.QUEUED.value,
        options=how,
        input_sha256=digest,
        input_bytes=n_bytes,
        read_bytes=0,
        output_bytes=0,
        error_bytes=0,
        n_lines=0,
        n_scored=0,
        n_refused=0,
        created_at=at,
        expires_at=at,
    )
    body = _out(row).model_dump_json()
    headers = {"Location": f"/v1/jobs/{job_id}", "content-type": "application/json"}
    with context.database.writing() as session:
        if ask is not None:
            if (kept := answers.take(session, ask, at=at)) is not None:
                return kept, replay(kept, context)
            sealed = seal(body.encode(), pepper=context.pepper)
            if answers.keep(session, ask, own := Kept(202, sealed, headers), at=at) is not own:
                raise InFlightError("the same job was sent at the same moment", headers={"Retry-After": "1"})
        session.add(row)
        told = {"bytes": n_bytes, "sha256": digest}
        append_event(session, Act.JOB_RECEIVED, subject=job_id, actor=partner.key_id, at=at, detail=told)
    return None, Response(body, status_code=202, headers=headers)


def _find(request: Request, job_id: str) -> JobRow:
    context: Context = request.app.state.context
    partner = authenticate(request, context, "read")
    with context.database.reading() as session:
        return jobs.get_job(session, job_id, partner_id=partner.id, is_test=partner.is_test)


def _download(request: Request, job_id: str, *, name: str) -> Response:
    context: Context = request.app.state.context
    row = _find(request, job_id)
    if row.state != JobState.DONE.value:
        why = {
            "failed": "could not be run",
            "cancelled": "was cancelled",
            "expired": "is over; its files are gone",
        }
        raise ConflictError(f"this job {why.get(row.state, 'is not done yet')}")
    files = files_of(context.settings.jobs_folder, row.id)
    path, size = {"output": (files.output, row.output_bytes), "errors": (files.errors, row.error_bytes)}[name]
    if not path.is_file():
        raise NotFoundError("this job's files are gone")
    _check_range(request, size)
    return FileResponse(path, media_type=MEDIA_TYPE, filename=f"{row.id}-{name}.ndjson")


def _check_range(request: Request, size: int) -> None:
    """Raise 416 for a part that does not exist; several parts or another unit are no range to us."""
    given = request.headers.get("range")
    if given is None:
        return
    found = ONE_RANGE.fullmatch(given.replace(" ", ""))
    if found is None:
        raise RangeError("ask for one range of bytes: Range: bytes=FIRST-LAST", headers=_size(size))
    first, last, tail = found.groups()
    is_there = (
        int(tail) > 0 and size > 0 if tail else int(first) < size and (not last or int(last) >= int(first))
    )
    if not is_there:
        raise RangeError(f"the file has {size} bytes", headers=_size(size))


def _size(size: int) -> dict[str, str]:
    return {"Content-Range": f"bytes */{size}"}


def _out(row: JobRow) -> JobOut:
    is_done = row.state in {JobState.DONE.value, JobState.EXPIRED.value}
    return JobOut(
        id=row.id,
        state=row.state,
        fault=row.fault,
        progress=1.0 if is_done else round(row.read_bytes / max(1, row.input_bytes), 4),
        n_lines=row.n_lines,
        n_scored=row.n_scored,
        n_refused=row.n_refused,
        input_bytes=row.input_bytes,
        input_sha256=row.input_sha256,
        output_bytes=row.output_bytes,
        error_bytes=row.error_bytes,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at if is_done else None,
    )
