"""What a partner's own thresholds are worth after a promotion: whose band changes, and what the flagged adverts are.

A partner that set its lines by one release keeps them when the next one serves. So both releases are held to the same
lines, those of the earlier one, on the authored adverts that both know, out of fold.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError
from model.schema.decision import LabelName
from model.training.comparing import HONEST
from model.training.config import GateConfig
from model.training.measures import share_of
from model.training.scores import FLAGGED, RowScores, shared_rows

LINES = ("review", "high")
_AT_OR_ABOVE = {"review": FLAGGED, "high": ("high",)}
_LEAST_FLAGGED = 25


def stability_of(first: RowScores, second: RowScores) -> dict[str, Any]:
    """Compare two releases at the thresholds of the first; raises `InputError` when they share no adverts."""
    before, after = shared_rows(first, second)
    if not len(after):
        raise InputError(f"{first.version} and {second.version} were trained on no row in common")
    lines = {line: first.thresholds[line] for line in LINES}
    held = replace(second, thresholds={**second.thresholds, **lines})
    bands = np.array(first.bands)[before], np.array(held.bands)[after]
    labels = np.array(second.labels)[after]
    return {
        "adverts": len(after),
        "thresholds": lines,
        "bands_changed": share_of(bands[0] != bands[1]).to_json(),
        **{f"precision_at_{line}": _precision(bands, labels, line) for line in LINES},
    }


def _precision(
    bands: tuple[NDArray[np.str_], NDArray[np.str_]], labels: NDArray[np.str_], line: str
) -> dict[str, Any]:
    """Give the share of lures among the adverts at or above a line; other deceptions count for neither side."""
    lures, counted = labels == LabelName.SCAM_CENTRE, np.isin(labels, (LabelName.SCAM_CENTRE, *HONEST))
    a, b = (share_of(lures[np.isin(band, _AT_OR_ABOVE[line]) & counted]).to_json() for band in bands)
    return {"a": a, "b": b}


def unstable(found: dict[str, Any], bars: GateConfig) -> list[str]:
    """Name the lines at which precision moves by more than was promised; a handful of adverts moves nothing."""
    faults = []
    for line in LINES:
        a, b = (found[f"precision_at_{line}"][side] for side in ("a", "b"))
        enough = min(a["n"], b["n"]) >= _LEAST_FLAGGED
        if enough and abs(b["value"] - a["value"]) > bars.precision_move:
            faults.append(
                f"precision at an unchanged {line} line ({found['thresholds'][line]:g}) moves from {a['value']:.1%}"
                f" to {b['value']:.1%} (at most {bars.precision_move:.1%} either way is promised to partners)"
            )
    return faults
