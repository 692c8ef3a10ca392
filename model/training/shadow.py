"""A candidate beside the serving release on live adverts: nobody acts on what it says, only the differences are reported.

Most live adverts have no labels, so this says first how much a promotion would change and for which languages. Of adverts
that people have decided it also says who was right, with the reservation that belongs to it.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.stats import binomtest

from model.errors import InputError
from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment
from model.training.materials import Progress
from model.training.paired import mcnemar, moved
from model.training.scores import FLAGGED
from model.training.versions import load_assessor

_AT = datetime(2000, 1, 1, tzinfo=UTC)
_CHUNK = 256
_MOST_NAMED = 40
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BANDS = ("unassessed", "low", "not_an_advert", "review", "high")
RESERVATION = (
    "people look mostly at what the serving release flags: B's precision counts none of what it alone flags"
    " until somebody decides it, and nothing here is recall"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What two releases say of one advert: numbers, none of its words."""

    id: str
    language: str
    scores: tuple[float, float]
    bands: tuple[str, str]
    is_lure: bool | None = None
    """What a person decided; None when nobody has, or the answer counts for neither side."""

    @property
    def shift(self) -> float:
        """By how much B scores higher."""
        return self.scores[1] - self.scores[0]

    @property
    def said(self) -> str:
        """What a person decided, in a word."""
        return {True: "lure", False: "honest", None: "undecided"}[self.is_lure]


def shadow_file(path: Path, a: str, b: str, *, progress: Progress | None = None) -> dict[str, Any]:
    """Score a file of adverts (JSON lines) with two versions; raises `InputError` naming the first line that is no advert."""
    adverts = _adverts(path)
    if not adverts:
        raise InputError(f"{path.name}: holds no advert; give one JSON object a line")
    found = []
    for version in (a, b):
        assessor = load_assessor(version)
        scored: list[Assessment] = []
        for start in range(0, len(adverts), _CHUNK):
            scored += assessor.assess_many(adverts[start : start + _CHUNK], at=_AT)
            if progress:
                progress(f"scoring with {assessor.model_version}", len(scored), len(adverts))
        found.append(scored)
    return shadow_differences([compared(*pair) for pair in zip(*found, strict=True)])


def _adverts(path: Path) -> list[JobAdvert]:
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(read_advert(json.loads(line))[0])
            except (ValueError, ValidationError, RecursionError) as error:
                raise InputError(
                    f"{path.name}:{number}: is no advert; mend the line or leave it out"
                ) from error
    return found


def compared(first: Assessment, second: Assessment) -> Compared:
    """Put two assessments of one advert side by side."""
    return Compared(
        id=first.advert_id,
        language=first.language.code,
        scores=(first.score, second.score),
        bands=(str(first.band), str(second.band)),
    )


def shadow_differences(pairs: Sequence[Compared]) -> dict[str, Any]:
    """Give what would change: how many would wait for review, whose band moves, in which languages, and who was right."""
    first, last = ([pair.bands[side] for pair in pairs] for side in (0, 1))
    flagged = np.isin(first, FLAGGED), np.isin(last, FLAGGED)
    counts, rows = moved(first, last, BANDS)
    shifts = np.array([pair.shift for pair in pairs])
    distance = np.abs(shifts)
    return {
        "adverts": len(pairs),
        "flagged": {"a": _share(flagged[0]), "b": _share(flagged[1])},
        "flagged_by_one_alone": _alone(*flagged),
        "bands_changed": {"adverts": len(rows), **counts},
        "bands_changed_by_language": _by_language(pairs, rows, list(counts)),
        "scores_moved": {
            "median": round(float(np.median(distance)), 4),
            "largest": round(float(distance.max()), 4),
        },
        "score_shift": {
            f"{share:.0%}": round(float(value), 4)
            for share, value in zip(_QUANTILES, np.quantile(shifts, _QUANTILES), strict=True)
        },
        "decided": _decided(pairs, *flagged),
        "adverts_that_change_band": [_named(pairs[i]) for i in _worst(pairs, rows)],
    }


def _alone(first: NDArray[np.bool_], last: NDArray[np.bool_]) -> dict[str, Any]:
    """Tell whether one flags more than the other on the same adverts, or by chance."""
    found = mcnemar(first, last)
    return {"a": found["right_only_in_a"], "b": found["right_only_in_b"], "p_value": found["p_value"]}


def _by_language(
    pairs: Sequence[Compared], rows: NDArray[np.int_], directions: Sequence[str]
) -> dict[str, Any]:
    every = Counter(pair.language for pair in pairs)
    counts = Counter((pairs[i].language, " to ".join(pairs[i].bands)) for i in rows.tolist())
    changed = Counter(pairs[i].language for i in rows.tolist())
    return {
        code: {
            "adverts": every[code],
            "changed": n,
            **{direction: counts[code, direction] for direction in directions},
        }
        for code, n in changed.most_common()
    }


def _decided(pairs: Sequence[Compared], first: NDArray[np.bool_], last: NDArray[np.bool_]) -> dict[str, Any]:
    """Give precision and McNemar's test over the adverts that a person has decided."""
    lures = np.array([pair.is_lure is True for pair in pairs])
    honest = np.array([pair.is_lure is False for pair in pairs])
    if not (lures | honest).any():
        return {"not run": "nobody has decided any of these adverts"}
    return {
        "lures": int(lures.sum()),
        "honest": int(honest.sum()),
        "precision_of_flagged": {
            "a": _share(lures[first & (lures | honest)]),
            "b": _share(lures[last & (lures | honest)]),
        },
        "flagged_and_undecided": {
            "a": int((first & ~lures & ~honest).sum()),
            "b": int((last & ~lures & ~honest).sum()),
        },
        "mcnemar": {
            "lures flagged": mcnemar(first[lures], last[lures]),
            "honest adverts left alone": mcnemar(~first[honest], ~last[honest]),
        },
        "mind": RESERVATION,
    }


def _worst(pairs: Sequence[Compared], rows: NDArray[np.int_]) -> list[int]:
    """Order adverts that change band: first those where B errs and A did not, then by how far the score moves."""
    order: list[int] = sorted(rows.tolist(), key=lambda i: (not _spoilt(pairs[i]), -abs(pairs[i].shift)))
    return order[:_MOST_NAMED]


def _spoilt(pair: Compared) -> bool:
    before, after = (band in FLAGGED for band in pair.bands)
    return pair.is_lure is not None and before == pair.is_lure and after != pair.is_lure


def _named(pair: Compared) -> dict[str, str]:
    return {
        "id": pair.id,
        "language": pair.language,
        "decided": pair.said,
        "from": pair.bands[0],
        "to": pair.bands[1],
        "score": f"{pair.scores[0]:.3f} to {pair.scores[1]:.3f}",
    }


def _share(hits: NDArray[np.bool_]) -> dict[str, float | int | None]:
    """Give a share with Wilson's 95% interval: redrawing a month's adverts a thousand times would fill the memory."""
    if not len(hits):
        return {"value": None, "n": 0, "low": None, "high": None}
    found = binomtest(int(hits.sum()), len(hits))
    interval = found.proportion_ci(method="wilson")
    return {
        "value": round(float(found.statistic), 4),
        "n": len(hits),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
    }
