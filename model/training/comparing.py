"""Two releases on the same training rows, out of fold: what is better, how sure that is, and whose band changes.

Only rows that both know are compared. Differences come from paired redraws of whole groups; which release errs more often at
its own review line is McNemar's question; and every advert whose band changes is named, because a mean hides who pays for it.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError
from model.release import RELEASES
from model.schema.decision import LabelName
from model.training.materials import Progress
from model.training.measures import share_of
from model.training.paired import mcnemar, moved, paired_differences
from model.training.scores import BANDS, FLAGGED, RowScores, load_scores, shared_rows
from model.training.versions import CANDIDATES, folder_of

HONEST = (str(LabelName.LEGITIMATE), str(LabelName.NOT_AN_ADVERT))
_MOST_NAMED = 40


def compare_rows(
    a: str,
    b: str,
    *,
    candidates: Path = CANDIDATES,
    releases: Path = RELEASES,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare two versions row by row; raises `InputError` when they share no rows."""
    first, second = (
        load_scores(folder_of(version, candidates=candidates, releases=releases), progress=progress)
        for version in (a, b)
    )
    return compare_scores(first, second)


def compare_scores(first: RowScores, second: RowScores) -> dict[str, Any]:
    """Give every difference between two sets of scores of the same rows."""
    before, rows = shared_rows(first, second)
    if not len(rows):
        raise InputError(f"{first.version} and {second.version} were trained on no row in common")
    labels = np.array(second.labels)[rows]
    groups = second.groups[rows]
    lures, honest = labels == LabelName.SCAM_CENTRE, np.isin(labels, HONEST)
    counted = lures | honest
    bands = [np.array(first.bands)[before], np.array(second.bands)[rows]]
    flagged = [np.isin(band, FLAGGED) for band in bands]
    result: dict[str, Any] = {
        "rows_compared": len(rows),
        "rows_only_in_one": len(first.ids) + len(second.ids) - 2 * len(rows),
    }
    refitted = [scores.version for scores in (first, second) if scores.refitted]
    if refitted:
        result["fitted_again_with_the_code_at_hand"] = refitted
    if lures.any() and honest.any():
        result["out_of_fold"] = paired_differences(
            first.log_odds[before][counted],
            second.log_odds[rows][counted],
            lures[counted].astype(np.int_),
            groups[counted],
        )
    result["lure_outscores_twin"] = _pairs(first, second, before, rows)
    result["mcnemar_at_the_review_line"] = {
        "lures found": mcnemar(flagged[0][lures], flagged[1][lures]),
        "honest texts left alone": mcnemar(~flagged[0][honest], ~flagged[1][honest]),
    }
    result["precision_at_the_review_line"] = {
        "a": share_of(lures[flagged[0] & counted]).to_json(),
        "b": share_of(lures[flagged[1] & counted]).to_json(),
    }
    counts, changed = moved(bands[0].tolist(), bands[1].tolist(), BANDS)
    result["bands_changed"] = {"adverts": len(changed), **counts}
    result["adverts_that_change_band"] = [
        {
            "id": second.ids[int(rows[i])],
            "label": str(labels[i]),
            "from": str(bands[0][i]),
            "to": str(bands[1][i]),
            "log_odds": round(float(second.log_odds[rows[i]] - first.log_odds[before[i]]), 2),
        }
        for i in _most_moved(first, second, before, rows, changed)
    ]
    return result


def _most_moved(
    first: RowScores,
    second: RowScores,
    before: NDArray[np.int_],
    rows: NDArray[np.int_],
    changed: NDArray[np.int_],
) -> list[int]:
    distance = np.abs(second.log_odds[rows[changed]] - first.log_odds[before[changed]])
    order: list[int] = changed[np.argsort(-distance, kind="stable")][:_MOST_NAMED].tolist()
    return order


def _pairs(
    first: RowScores, second: RowScores, before: NDArray[np.int_], rows: NDArray[np.int_]
) -> dict[str, Any]:
    """Compare which lures outscore their twin, pair by pair."""
    place = {second.ids[int(row)]: number for number, row in enumerate(rows.tolist())}
    pairs = [
        (number, place[second.twins[int(row)]])
        for number, row in enumerate(rows.tolist())
        if second.labels[int(row)] == LabelName.SCAM_CENTRE and second.twins[int(row)] in place
    ]
    if not pairs:
        return {"not run": "no lure has a twin among these rows"}
    lure, twin = np.array(pairs).T
    scores = (first.log_odds[before], second.log_odds[rows])
    wins = [values[lure] > values[twin] for values in scores]
    return {"a": share_of(wins[0]).to_json(), "b": share_of(wins[1]).to_json(), **mcnemar(*wins)}
