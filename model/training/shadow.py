"""A candidate beside the serving release on live adverts: nobody acts on what it says, only the differences are reported.

Live adverts have no labels, so this says how much a promotion would change and for which languages, never whether for the better.
"""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from model.errors import InputError
from model.schema.advert import JobAdvert, read_advert
from model.schema.assessment import Assessment
from model.training.materials import Progress
from model.training.measures import share_of
from model.training.paired import moved
from model.training.versions import load_assessor

_AT = datetime(2000, 1, 1, tzinfo=UTC)
_CHUNK = 256
_MOST_NAMED = 40
BANDS = ("unassessed", "low", "not_an_advert", "review", "high")


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
    return shadow_differences(adverts, *found)


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


def shadow_differences(
    adverts: list[JobAdvert], first: list[Assessment], second: list[Assessment]
) -> dict[str, Any]:
    """Give what would change: how many would wait for review, whose band moves, in which languages."""
    bands = [[str(a.band) for a in scored] for scored in (first, second)]
    flagged = [np.isin(band, ("review", "high")) for band in bands]
    counts, rows = moved(bands[0], bands[1], BANDS)
    languages = Counter(first[i].language.code for i in rows.tolist())
    every = Counter(a.language.code for a in first)
    distance = np.array([abs(b.score - a.score) for a, b in zip(first, second, strict=True)])
    largest = rows[np.argsort(-distance[rows], kind="stable")][:_MOST_NAMED]
    return {
        "adverts": len(adverts),
        "flagged": {"a": share_of(flagged[0]).to_json(), "b": share_of(flagged[1]).to_json()},
        "bands_changed": {"adverts": len(rows), **counts},
        "bands_changed_by_language": {
            code: {"adverts": every[code], "changed": n} for code, n in languages.most_common()
        },
        "scores_moved": {
            "median": round(float(np.median(distance)), 4),
            "largest": round(float(distance.max()), 4),
        },
        "adverts_that_change_band": [
            {
                "id": adverts[i].id,
                "from": bands[0][i],
                "to": bands[1][i],
                "score": f"{first[i].score:.3f} to {second[i].score:.3f}",
            }
            for i in largest.tolist()
        ],
    }
