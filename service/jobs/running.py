"""Runs a bulk job: some lines at a time, each handful committed before the next is read.

Memory does not grow with the file. After a crash the files are cut back to what was committed and
the job goes on from there: adverts that were stored already are known and keep their ids, so the
output is the same as without the crash.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from io import BufferedRandom, BufferedReader
from os import fsync
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from model.schema.advert import JobAdvert
from model.schema.assessment import Thresholds
from service.api.options import Options
from service.api.wire import answer, read_request
from service.assessing import Context, Detector, Keep, assess_and_store
from service.errors import ServiceError, TooLargeError
from service.jobs.files import JobFiles, files_of
from service.logs import get_logger, where_it_broke
from service.problems import problem
from service.store import jobs
from service.store.assessments import StoredAssessment
from service.store.audit import SYSTEM, Act, append_event
from service.store.outbox import EventType, announce
from service.store.partners import find_thresholds
from service.store.tables import JobRow
from service.testing import check_forced, is_forced, try_out

HANDFUL = 64
"""Lines scored and committed together; live requests wait for one handful at most."""


@dataclass(frozen=True)
class _Line:
    number: int
    """From 1."""
    text: bytes | None
    """None when it was too long to be read."""


@dataclass
class _Run:
    """One job in this process's hands."""

    row: JobRow
    files: JobFiles
    source: BufferedReader
    output: BufferedRandom
    errors: BufferedRandom
    thresholds: Thresholds | None
    detector: Detector
    options: Options
    n_lines: int = 0
    n_scored: int = 0
    n_refused: int = 0


def run_job(context: Context, job_id: str, *, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Run a job to its end unless another process does, we stop, or its sender's minute is used up.

    Tells whether it ended here; what is left of it goes on whenever this is called again.
    """
    files = files_of(context.settings.jobs_folder, job_id)
    with files.working() as is_ours:
        if not is_ours:
            return False
        with context.database.writing() as session:
            row = jobs.begin(session, job_id, at=context.clock())
            thresholds = find_thresholds(session, row.partner_id) if row else None
        if row is None:
            return False
        options = read_job_options(row.options)
        try:
            detector = context.releases.get(options.model)
        except ServiceError as error:
            with context.database.writing() as session:
                jobs.fail(session, job_id, fault=error.detail, at=context.clock())
            return True
        with (
            files.input.open("rb") as source,
            _reopened(files.output, row.output_bytes) as output,
            _reopened(files.errors, row.error_bytes) as errors,
        ):
            run = _Run(row, files, source, output, errors, thresholds, detector, options)
            run.n_lines, run.n_scored, run.n_refused = row.n_lines, row.n_scored, row.n_refused
            source.seek(row.read_bytes)
            is_over = False
            while lines := _read(run, limit=context.settings.max_body_bytes):
                if is_over or not context.rates.take_for_job(row.partner_id, n_adverts=len(lines)):
                    return False  # nothing is written of these lines: whoever goes on reads them anew
                if not _step(context, run, lines):
                    break
                is_over = is_stopping()
        return _finish(context, run)


def job_options(options: Options, *, mode: str, is_test: bool) -> dict[str, Any]:
    """Give what is to be remembered of how a job was sent."""
    return {**asdict(options), "store": options.store.value, "mode": mode, "is_test": is_test}


def read_job_options(kept: Mapping[str, Any]) -> Options:
    """Give the options a job was sent with."""
    return Options(kept["language"], kept["explain"], Keep(kept["store"]), kept["model"])


def _step(context: Context, run: _Run, lines: Sequence[_Line]) -> bool:
    """Do one handful; False when the job was ended by its sender."""
    good = []
    for line in lines:
        try:
            if line.text is None:
                raise TooLargeError(f"the line is over {context.settings.max_body_bytes} bytes")
            if line.text.strip():
                advert, ignored = read_request(line.text)
                if run.row.options["is_test"] and is_forced(advert):
                    check_forced(advert)
                good.append((line, advert, ignored))
        except ServiceError as error:
            _refuse(run, line, error)
    _score(context, run, good)
    for file in (run.output, run.errors):
        file.flush()
        fsync(file.fileno())
    with context.database.writing() as session:
        return jobs.record_progress(
            session,
            run.row.id,
            read_bytes=run.source.tell(),
            output_bytes=run.output.tell(),
            error_bytes=run.errors.tell(),
            n_lines=run.n_lines,
            n_scored=run.n_scored,
            n_refused=run.n_refused,
        )


def _read(run: _Run, *, limit: int) -> list[_Line]:
    """Read some lines; the rest of one over the limit is passed over without being held."""
    lines: list[_Line] = []
    while len(lines) < HANDFUL and (text := run.source.readline(limit + 1)):
        run.n_lines += 1
        is_too_long = len(text) > limit and not text.endswith(b"\n")
        lines.append(_Line(run.n_lines, None if is_too_long else text))
        while is_too_long and (rest := run.source.readline(limit)) and not rest.endswith(b"\n"):
            pass
    return lines


def _score(context: Context, run: _Run, good: list[tuple[_Line, JobAdvert, tuple[str, ...]]]) -> None:
    """Score and store a handful; when that fails one by one, so that one advert spoils no other."""
    if not good:
        return
    try:
        stored = _assessed(context, run, [advert for _, advert, _ in good])
    except Exception as error:
        if isinstance(error, ServiceError | OperationalError):
            raise  # the database is busy or away: the advert is not to blame, the job goes on later
        if len(good) > 1:
            for one in good:
                _score(context, run, [one])
            return
        kind, trace = type(error).__name__, where_it_broke(error)
        get_logger().error("advert of a job failed", job=run.row.id, error=kind, trace=trace)
        _refuse(run, good[0][0], ServiceError("we failed on this advert; the log of the service says where"))
        return
    for (line, advert, ignored), scored in zip(good, stored, strict=True):
        said = answer(scored, ignored, shown=run.options, mode=run.row.options["mode"]).model_dump_json()
        head = json.dumps({"line": line.number, "advert_id": advert.id, "status": 200})
        run.output.write(f'{head[:-1]}, "answer": {said}}}\n'.encode())
        run.n_scored += 1


def _assessed(context: Context, run: _Run, adverts: list[JobAdvert]) -> list[StoredAssessment]:
    """Score adverts and keep what the options say; nothing that came with a test key is kept."""
    partner_id, thresholds, detector = run.row.partner_id, run.thresholds, run.detector
    if run.row.options["is_test"]:
        return try_out(context, adverts, partner_id=partner_id, thresholds=thresholds, detector=detector)
    return assess_and_store(
        context,
        adverts,
        partner_id=partner_id,
        at=context.clock(),
        thresholds=thresholds,
        keep=run.options.store,
        detector=detector,
    )


def _refuse(run: _Run, line: _Line, error: ServiceError) -> None:
    said = problem(error, instance=f"/v1/jobs/{run.row.id}", request_id=run.row.id)
    row = {"line": line.number, "status": error.status, "problem": said}
    run.errors.write(json.dumps(row).encode() + b"\n")
    run.n_refused += 1


def _finish(context: Context, run: _Run) -> bool:
    at = context.clock()
    with context.database.writing() as session:
        kept_until = at + timedelta(days=context.settings.job_days)
        row = jobs.finish(session, run.row.id, at=at, expires_at=kept_until)
        if row is None:
            return False
        told = {"n_scored": row.n_scored, "n_refused": row.n_refused}
        append_event(session, Act.JOB_FINISHED, subject=row.id, actor=SYSTEM, at=at, detail=told)
        data = {"job_id": row.id, "state": row.state, **told}
        announce(session, EventType.JOB_FINISHED, partner_id=row.partner_id, data=data, at=at)
    get_logger().info("job done", job=run.row.id, n_scored=run.n_scored, n_refused=run.n_refused)
    return True


def _reopened(path: Path, length: int) -> BufferedRandom:
    """Open a file for appending after its committed part; what a crash left behind it is cut off."""
    path.touch(mode=0o600)
    file = path.open("r+b")
    file.truncate(length)
    file.seek(length)
    return file
