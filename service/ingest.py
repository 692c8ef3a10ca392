"""Reads a crawler's feed into the store; running it twice, or after a kill, changes nothing more.

A feed is JSON lines, one advert each. Lines that are no adverts are named and skipped, and the
run falls short at its end. Work is committed in batches: what a killed run had committed is
known by advert id and content to the next one and not scored again.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from model.schema.advert import JobAdvert, read_advert
from service.assessing import Context, assess_and_store
from service.errors import InputError
from service.problems import faults_of
from service.store.adverts import content_digest, find_versions, stored_id
from service.store.assessments import find_assessed

BATCH = 200
MAX_LINE = 1_000_000
"""Longer lines are no adverts; they are passed over without being held in memory."""


@dataclass
class Report:
    """What one run did."""

    n_new: int = 0
    """Adverts stored and scored."""
    n_known: int = 0
    """Adverts that were there already, word for word."""
    bad: list[str] = field(default_factory=list)
    """`file:line: what is wrong` for each line that is no advert."""


def ingest(
    context: Context,
    path: Path,
    *,
    partner_id: str,
    on_bad: Callable[[str], None],
    on_batch: Callable[[Report], None],
) -> Report:
    """Store and score a feed; raises `InputError` when the file cannot be read at all."""
    report = Report()
    batch: list[JobAdvert] = []
    for advert in _adverts(path, report=report, on_bad=on_bad):
        batch.append(advert)
        if len(batch) == BATCH:
            _ingest_batch(context, batch, report, partner_id=partner_id, at=context.clock())
            on_batch(report)
            batch = []
    _ingest_batch(context, batch, report, partner_id=partner_id, at=context.clock())
    on_batch(report)
    return report


def _ingest_batch(
    context: Context, batch: list[JobAdvert], report: Report, *, partner_id: str, at: datetime
) -> None:
    fresh = _unknown(context, batch, partner_id=partner_id)
    report.n_known += len(batch) - len(fresh)
    if fresh:
        assess_and_store(context, fresh, partner_id=partner_id, at=at)
    report.n_new += len(fresh)


def _unknown(context: Context, batch: list[JobAdvert], *, partner_id: str) -> list[JobAdvert]:
    """Give the adverts of a batch that this release has not assessed, each once."""
    versions = {(stored_id(advert), content_digest(advert)): advert for advert in batch}
    with context.database.reading() as session:
        keys = find_versions(session, [advert_id for advert_id, _ in versions], partner_id=partner_id)
        known = [key for version, key in keys.items() if version in versions]
        assessed = find_assessed(session, known, model_version=context.detector.model_version)
    return [advert for version, advert in versions.items() if keys.get(version) not in assessed]


def _adverts(path: Path, *, report: Report, on_bad: Callable[[str], None]) -> Iterator[JobAdvert]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); name a feed that `lurewatch crawl` wrote"
        ) from None
    with file:
        for number, line in enumerate(_lines(file.readline), start=1):
            if line.strip() == b"":
                continue
            try:
                yield _advert(line)
            except ValueError as error:
                report.bad.append(f"{path}:{number}: {error}")
                on_bad(report.bad[-1])


def _lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """Give line after line, holding at most `MAX_LINE` bytes; what is longer comes cut off."""
    while line := readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = readline(MAX_LINE + 1)
        yield line


def _advert(line: bytes) -> JobAdvert:
    if len(line) > MAX_LINE:
        message = f"longer than {MAX_LINE} bytes"
        raise ValueError(message)
    try:
        raw = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"no UTF-8 at byte {error.start}"
        raise ValueError(message) from None
    except json.JSONDecodeError as error:
        message = f"no JSON: {error.msg} at character {error.pos}"
        raise ValueError(message) from None
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None
    if not isinstance(raw, dict):
        message = "no JSON object"
        raise ValueError(message)  # noqa: TRY004 - a line's fault, reported like the others
    try:
        return read_advert(raw)[0]
    except ValidationError as error:
        fault = faults_of(error.errors(include_url=False, include_input=False))[0]
        message = f"{fault.pointer}: {fault.detail}".removeprefix(": ")
        raise ValueError(message) from None
