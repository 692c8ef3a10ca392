"""Scores files of adverts line by line: order kept, bad lines named and passed over, memory constant."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from model.classifier.assessor import Assessor
from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment

_CHUNK = 256


@dataclass
class Faults:
    """What could not be scored, and fields that were set aside."""

    messages: list[str] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)


def read_lines(lines: Iterable[bytes], *, name: str, faults: Faults) -> Iterator[JobAdvert]:
    """Read JSON-lines adverts; a line that is no advert is noted in `faults` as `name:line: what` and passed over."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            raw = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            faults.messages.append(
                f"{where}: is not UTF-8 (byte {error.start + 1} of the line); save the file as UTF-8"
            )
            continue
        except (ValueError, RecursionError):
            faults.messages.append(f"{where}: is not JSON; each line is one advert as a JSON object")
            continue
        advert = _advert(raw, where, faults)
        if advert is not None:
            yield advert


def _advert(raw: Any, where: str, faults: Faults) -> JobAdvert | None:
    if not isinstance(raw, dict):
        faults.messages.append(
            f"{where}: is no JSON object; an advert needs at least a `text`, `title` or `description`"
        )
        return None
    try:
        advert, ignored = read_advert(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field_name = ".".join(map(str, first["loc"]))
        told = first["msg"].removeprefix("Value error, ")
        faults.messages.append(f"{where}: {field_name + ': ' if field_name else ''}{told}")
        return None
    faults.ignored.update(ignored)
    return advert


def assess_stream(
    adverts: Iterable[JobAdvert],
    assessor: Assessor,
    *,
    at: datetime | None = None,
) -> Iterator[tuple[JobAdvert, Assessment]]:
    """Assess adverts as they come, in their order."""
    at = at or datetime.now(UTC)
    for chunk in _chunks(adverts):
        yield from zip(chunk, assessor.assess_many(chunk, at=at), strict=True)


def assess_on_cluster(
    adverts: Iterable[JobAdvert],
    *,
    scheduler: str,
    version: str | None,
    at: datetime | None = None,
) -> Iterator[tuple[JobAdvert, Assessment]]:
    """Assess adverts in shards on a Dask cluster by the same `assess_many`, in their order.

    Every worker loads the release once; `version` must be installed there too. At most a few shards per worker are in flight, so
    neither side holds the corpus.
    """
    from collections import deque

    from distributed import Client

    at = at or datetime.now(UTC)
    with Client(scheduler) as client:  # type: ignore[no-untyped-call]
        width = max(2, 2 * sum(client.nthreads().values()))
        flying: deque[tuple[list[JobAdvert], Any]] = deque()
        for chunk in _chunks(adverts):
            flying.append((chunk, client.submit(_assess_shard, chunk, version, at, pure=False)))
            if len(flying) >= width:
                yield from _landed(*flying.popleft())
        while flying:
            yield from _landed(*flying.popleft())


def _landed(chunk: list[JobAdvert], future: Any) -> Iterator[tuple[JobAdvert, Assessment]]:
    yield from zip(chunk, future.result(), strict=True)


_LOADED: dict[str | None, Assessor] = {}
"""Per worker process: a release is loaded once, not once a shard."""


def _assess_shard(adverts: list[JobAdvert], version: str | None, at: datetime) -> list[Assessment]:
    if version not in _LOADED:
        _LOADED[version] = Assessor.load(version=version)
    return _LOADED[version].assess_many(adverts, at=at)


def _chunks(adverts: Iterable[JobAdvert]) -> Iterator[list[JobAdvert]]:
    chunk: list[JobAdvert] = []
    for advert in adverts:
        chunk.append(advert)
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
