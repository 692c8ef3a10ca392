"""Bulk jobs: what was sent, how far it is, and for how long its files stay."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, cast, func, select, update
from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.store.tables import JobRow


class JobState(StrEnum):
    """Where a job stands; clients must tolerate further states."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    """Every line has a result in one of the two files."""
    FAILED = "failed"
    """It cannot be run; `fault` says why."""
    CANCELLED = "cancelled"
    """Stopped by its sender; its files are gone."""
    EXPIRED = "expired"
    """Its time is over; its files are gone."""


UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)
ENDED = (JobState.DONE.value, JobState.FAILED.value)


def get_job(session: Session, job_id: str, *, partner_id: str, is_test: bool) -> JobRow:
    """Give a partner's job; raises `NotFoundError`, also for another partner's, and between test and live keys."""
    row = session.scalars(
        select(JobRow).where(JobRow.id == job_id, JobRow.partner_id == partner_id, _of_test_keys() == is_test)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such job of yours")
    return row


def list_jobs(
    session: Session, *, partner_id: str, is_test: bool, before: str | None, limit: int
) -> list[JobRow]:
    """Give a partner's jobs, those of test keys or the others, newest first, from a place onwards."""
    query = (
        select(JobRow)
        .where(JobRow.partner_id == partner_id, _of_test_keys() == is_test)
        .order_by(JobRow.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query if before is None else query.where(JobRow.id < before)))


def count_unfinished(session: Session, *, partner_id: str) -> int:
    """Count a partner's jobs that wait or run."""
    query = select(func.count()).where(JobRow.partner_id == partner_id, JobRow.state.in_(UNFINISHED))
    return session.scalar(query) or 0


def list_unfinished(session: Session) -> list[list[str]]:
    """Give every job that waits or runs, oldest first, for each partner apart."""
    query = select(JobRow.partner_id, JobRow.id).where(JobRow.state.in_(UNFINISHED)).order_by(JobRow.id)
    by_partner: dict[str, list[str]] = {}
    for partner_id, job_id in session.execute(query):
        by_partner.setdefault(partner_id, []).append(job_id)
    return list(by_partner.values())


def begin(session: Session, job_id: str, *, at: datetime) -> JobRow | None:
    """Mark a job as running; None when it has ended in the meantime."""
    session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, started_at=at)
    )
    query = select(JobRow).where(JobRow.id == job_id, JobRow.state == JobState.RUNNING.value)
    return session.scalars(query).one_or_none()


def record_progress(
    session: Session,
    job_id: str,
    *,
    read_bytes: int,
    output_bytes: int,
    error_bytes: int,
    n_lines: int,
    n_scored: int,
    n_refused: int,
) -> bool:
    """Write down how far a running job is; False when it no longer runs."""
    done = session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == JobState.RUNNING.value)
        .values(
            read_bytes=read_bytes,
            output_bytes=output_bytes,
            error_bytes=error_bytes,
            n_lines=n_lines,
            n_scored=n_scored,
            n_refused=n_refused,
        )
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(session: Session, job_id: str, *, at: datetime, expires_at: datetime) -> JobRow | None:
    """Mark a running job as done; None when it no longer runs."""
    done = session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == JobState.RUNNING.value)
        .values(state=JobState.DONE.value, finished_at=at, expires_at=expires_at)
    )
    return session.get(JobRow, job_id, populate_existing=True) if done.rowcount else None  # type: ignore[attr-defined]


def fail(session: Session, job_id: str, *, fault: str, at: datetime) -> None:
    """End a job that cannot be run."""
    session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state.in_(UNFINISHED))
        .values(state=JobState.FAILED.value, fault=fault[:200], finished_at=at)
    )


def cancel(session: Session, job_id: str, *, partner_id: str, is_test: bool, at: datetime) -> JobRow:
    """End a partner's job; raises `ConflictError` when its files are gone already."""
    row = get_job(session, job_id, partner_id=partner_id, is_test=is_test)
    session.refresh(row, with_for_update=True)
    if row.state in {JobState.CANCELLED.value, JobState.EXPIRED.value}:
        raise ConflictError(f"this job is {row.state} already")
    row.state, row.finished_at = JobState.CANCELLED.value, at
    return row


def _of_test_keys() -> ColumnElement[bool]:
    return cast(JobRow.options, Text).contains('"is_test":true', autoescape=True)


def expire(session: Session, *, at: datetime) -> list[str]:
    """Mark finished jobs whose time is over; gives those whose files can go."""
    over = select(JobRow).where(JobRow.state.in_(ENDED), JobRow.expires_at <= at)
    rows = session.scalars(over.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state = JobState.EXPIRED.value
    return [row.id for row in rows]
