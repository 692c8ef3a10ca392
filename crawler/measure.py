"""Measures extraction against pages whose content is known; extruct on the same pages beside it.

The index is JSON lines: `file`, `kind` and `ground_truth` (a list of jobs, or a feed's first items).
A field counts when the ground truth states it. Words are compared without case, spacing and
punctuation; dates as days; pay by its amounts, and by currency and period where these are stated.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from crawler.errors import UnreadableFileError
from crawler.pages.advert import Reading, read_advert
from crawler.pages.decode import decode_page
from crawler.pages.job_posting import draft_of, is_posting
from crawler.pages.reader import read_page
from crawler.parse.dates import parse_date
from crawler.parse.pay import parse_pay, parse_period

Truth = Mapping[str, Any]
_WORD = re.compile(r"[\W_]+")
FIELDS = (
    "title",
    "company",
    "location",
    "salary",
    "date_posted",
    "valid_through",
    "employment_type",
    "url",
    "remote",
    "description_80",
)
_NAMES = {"date": "date_posted", "text80": "description_80", "datetime": "date_posted"}


def measure(index: Path) -> dict[str, Any]:
    """Compare what is read off every page of an index with what it states; counts per kind and field."""
    try:
        rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise UnreadableFileError(
            f"{index}: is no index of pages ({error}); give the path of an INDEX.jsonl"
        ) from error
    ours, theirs, missed = Counter[tuple[str, str]](), Counter[tuple[str, str]](), []
    stated, jobs = Counter[tuple[str, str]](), Counter[str]()
    for row in rows:
        truths = _truths(row)
        if not truths:
            continue
        body = (index.parent / row["file"]).read_bytes()
        mine, peers = _ours(body), _extruct(body)
        jobs["stated"] += len(truths)
        for n, truth in enumerate(truths):
            own, peer = _pick(mine, truth, n), _pick(peers, truth, n)
            jobs["ours"] += own is not None
            jobs["extruct"] += peer is not None
            for field, value in _stated(truth):
                key = (row["kind"], field)
                stated[key] += 1
                theirs[key] += peer is not None and agrees(field, value, peer)
                if own is not None and agrees(field, value, own):
                    ours[key] += 1
                else:
                    missed.append({"file": row["file"], "job": n, "field": field})
    return {
        "jobs": dict(jobs),
        "kinds": _table(stated, ours, theirs, 0),
        "fields": _table(stated, ours, theirs, 1),
        "missed": missed,
    }


def _table(
    stated: Counter[tuple[str, str]],
    ours: Counter[tuple[str, str]],
    theirs: Counter[tuple[str, str]],
    part: int,
) -> dict[str, Any]:
    names = dict.fromkeys(key[part] for key in stated)
    found = {
        name: [sum(counts[key] for key in stated if key[part] == name) for counts in (stated, ours, theirs)]
        for name in names
    }
    total = [sum(values[i] for values in found.values()) for i in range(3)]
    return {**{name: _shares(values) for name, values in found.items()}, "all": _shares(total)}


def _shares(values: list[int]) -> dict[str, Any]:
    stated, ours, theirs = values
    return {
        "stated": stated,
        "ours": ours,
        "extruct": theirs,
        "share": round(ours / stated, 4),
        "extruct_share": round(theirs / stated, 4),
    }


def _truths(row: Mapping[str, Any]) -> list[Truth]:
    truth = row.get("ground_truth")
    if isinstance(truth, Mapping):
        truth = truth.get("first")
    found = [job for job in truth if isinstance(job, Mapping)] if isinstance(truth, list) else []
    return [job for job in found if any(True for _field in _stated(job))]


def _stated(truth: Truth) -> Iterable[tuple[str, Any]]:
    for name, value in truth.items():
        field = _NAMES.get(name, name)
        if value not in (None, "", []) and (
            field in FIELDS or name in {"post", "views", "forwarded_from", "links"}
        ):
            yield field, value


def _ours(body: bytes) -> list[Reading]:
    return [reading for draft in read_page(body).drafts if (reading := read_advert(draft)) is not None]


def _extruct(body: bytes) -> list[Reading]:
    """What extruct finds, understood by our own rules: only the finding is compared."""
    try:
        import extruct
    except ImportError as error:
        raise UnreadableFileError(
            "extruct is not installed; install the `dev` extra to measure beside it"
        ) from error
    try:
        found = extruct.extract(
            decode_page(body), syntaxes=["json-ld", "microdata", "rdfa"], uniform=True, errors="ignore"
        )
    except Exception:  # noqa: BLE001 - whatever a peer raises on a page counts as nothing found
        return []
    nodes = [node for values in found.values() for node in _nodes(values) if is_posting(node)]
    return [
        reading for node in nodes if (reading := read_advert(draft_of(node, reader="extruct"))) is not None
    ]


def _nodes(values: Any) -> Iterable[dict[str, Any]]:
    for value in values if isinstance(values, list) else []:
        if isinstance(value, dict):
            yield value
            yield from _nodes(value.get("@graph"))


def _pick(readings: list[Reading], truth: Truth, n: int) -> Reading | None:
    """The reading of the same job: by its post, address or title, else by its place in the page's order."""
    if truth.get("post"):
        return next((reading for reading in readings if reading.raw.get("post") == truth["post"]), None)
    same = [
        reading
        for reading in readings
        if truth.get("title") and folded(truth["title"]) == folded(reading.advert.title)
    ]
    exact = [reading for reading in same if truth.get("url") and reading.raw.get("url") == truth["url"]]
    if exact or same:
        return (exact or same)[0]
    return readings[n] if n < len(readings) else None


def folded(value: object) -> str:
    """A text for comparison: without case, spacing and punctuation."""
    text = str(value or "")
    return _WORD.sub("", text).casefold() or text.strip()


def agrees(field: str, value: Any, reading: Reading) -> bool:
    """Whether a reading says of a field what the ground truth says."""
    return _CHECKS[field](value, reading)


def _same_place(value: Any, reading: Reading) -> bool:
    said = folded(" ".join(reading.advert.places))
    return all(folded(part) in said for part in (value if isinstance(value, list) else [value]))


def _same_pay(value: Any, reading: Reading) -> bool:
    pay = reading.advert.pay
    if not isinstance(value, Mapping):
        wanted = parse_pay(str(value))
        return folded(value) == folded(reading.advert.pay_raw) or (wanted is not None and wanted == pay)
    low, high = value.get("min", value.get("start")), value.get("max", value.get("end"))
    if pay is None or (pay.min, pay.max) != (low, high):
        return False
    currency, unit = value.get("currency"), value.get("unit", value.get("interval"))
    return (not currency or str(currency).upper() == pay.currency) and (
        not unit or parse_period(str(unit)) == pay.period
    )


def _same_day(name: str) -> Callable[[Any, Reading], bool]:
    raw = {"posted_on": "date_posted", "valid_through": "valid_through"}[name]

    def check(value: Any, reading: Reading) -> bool:
        wanted = parse_date(str(value))
        if wanted is None:
            return folded(value) == folded(reading.raw.get(raw))
        return bool(wanted == getattr(reading.advert, name))

    return check


def _same_type(value: Any, reading: Reading) -> bool:
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return bool(folded(words)) and folded(words) in folded(reading.advert.employment_type)


def _same_start(value: Any, reading: Reading) -> bool:
    return folded(reading.advert.description).startswith(folded(value)[:70])


_CHECKS: dict[str, Callable[[Any, Reading], bool]] = {
    "title": lambda value, reading: folded(value) == folded(reading.advert.title),
    "company": lambda value, reading: (
        folded(value) == folded(reading.advert.employer.name if reading.advert.employer else "")
    ),
    "location": _same_place,
    "salary": _same_pay,
    "date_posted": _same_day("posted_on"),
    "valid_through": _same_day("valid_through"),
    "employment_type": _same_type,
    "url": lambda value, reading: str(value).strip() == (reading.raw.get("url") or ""),
    "remote": lambda value, reading: bool(value) == bool(reading.raw.get("remote")),
    "description_80": _same_start,
    "post": lambda value, reading: value == reading.raw.get("post"),
    "views": lambda value, reading: value == reading.raw.get("views"),
    "forwarded_from": lambda value, reading: folded(value) == folded(reading.raw.get("forwarded_from")),
    "links": lambda value, reading: set(value) <= set(reading.raw.get("links", [])),
}
