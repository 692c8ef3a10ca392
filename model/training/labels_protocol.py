"""Measures the training rows out of fold, with what a sceptic asks next: other languages, other splits, other words, more rows.

Nothing here reads the saved weights, except where it says so (swaps of who is sought, and the marks in the worst errors): folds are
fitted anew from the configuration, so that no row is measured with weights it helped to fit. A random split is measured
beside the grouped one, and printed as the warning it is.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.decision import LabelName
from model.training.config import load_config
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fairness import fairness_of
from model.training.fitting import Maker, fit_heads, out_of_fold_log_odds, row_weights, split_folds
from model.training.learning import Lesson, active_curves, learning_curve, signs_of
from model.training.materials import Progress, matrix_of
from model.training.measures import by_slice, recall_at, share_of
from model.training.operating import Scored, budget_table, operating_points
from model.training.probes import style_probes
from model.training.slices import slices_of, source_of
from model.training.summary import summarise
from model.training.versions import config_of, folder_of, load_assessor
from model.training.worst import in_words, worst_errors

_LEAST_ROWS = 20
_RATE = np.array([0.01])
Folds = list[tuple[NDArray[np.int_], NDArray[np.int_]]]


def evaluate_labels(
    *, data: Path | None, version: str | None, progress: Progress | None = None
) -> dict[str, Any]:
    """Give every out-of-fold figure under a release's own configuration; `data` is unused (the config names the labels)."""
    del data
    folder = folder_of(version)
    config = load_config(config_of(version))
    rows = load_dataset(config.data.labels)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(rows.rows, catalogue, names, progress=progress)
    groups = groups_of(rows.rows)
    fitted = fit_heads(matrix, rows, groups, names, catalogue, config)
    log_odds = fitted.out_of_fold[LabelName.SCAM_CENTRE]
    new = Maker(names, catalogue, LabelName.SCAM_CENTRE, config.fit.precision)
    weights = row_weights(rows, LabelName.SCAM_CENTRE, config)
    target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)
    counted = (target == 1) | rows.is_honest
    scored = Scored(expit(log_odds[counted]), target[counted], np.ones(int(counted.sum())), groups[counted])
    sources = np.array([source_of(row) for row in rows.rows])
    folds = list(split_folds(rows, groups, n_folds=config.fit.folds, seed=config.fit.seed))
    lesson = Lesson(new, matrix, rows, groups, weights, folds, signs_of(matrix, names))
    assessor = load_assessor(version)
    worst = worst_errors(assessor, rows, log_odds)
    return {
        "model_version": folder.name,
        "rows": len(rows.rows),
        "labels_digest": rows.digest,
        **summarise(rows, groups, fitted),
        "where_false_alarms_are_rare": dict(operating_points(scored)),
        "review_budgets": budget_table(scored),
        "slices_at_1_percent_false_alarms": slices_of(rows, log_odds, groups),
        "leave_one_language_out": _left_out(new, matrix, target, weights, rows, groups, rows.languages),
        "leave_one_source_out": _left_out(new, matrix, target, weights, rows, groups, sources),
        "random_split_for_comparison": _random_split(
            new, matrix, target, weights, groups, log_odds, counted, config.fit.seed
        ),
        "style_probes": style_probes(rows, groups),
        "who_is_sought": fairness_of(assessor, rows.rows, progress=progress),
        "learning_curve": {"rows_drawn_at_random": learning_curve(lesson, seed=config.fit.seed)},
        "asking_for_labels": active_curves(lesson, seed=config.fit.seed),
        "worst_errors": in_words(worst),
        "_worst": worst,
        "_plots": {
            "scores": scored.scores.tolist(),
            "target": scored.target.tolist(),
            "groups": groups[counted].tolist(),
            "title": "Training rows, out of fold (grouped by twin, campaign and template)",
        },
    }


def _left_out(
    new: Maker,
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    rows: Dataset,
    groups: NDArray[np.int_],
    keys: NDArray[np.str_],
) -> dict[str, Any]:
    """Fit without one language or source at a time and measure on it: what is learnt in others must hold."""
    folds = left_out_folds(keys, groups)
    if len(folds) < 2:  # noqa: PLR2004 - nothing is left when the only one is left out
        return {"not run": f"all rows are of one kind: {keys[0]}"}
    log_odds = out_of_fold_log_odds(new, matrix, target, weights, folds)
    counted = (target == 1) | rows.is_honest
    edge = float(np.quantile(log_odds[rows.is_honest], 1 - _RATE[0]))
    lures = target == 1
    enough = [key for key in sorted(set(keys.tolist())) if (keys == key).sum() >= _LEAST_ROWS]
    hits = log_odds >= edge
    found = by_slice(keys[lures].tolist(), lambda mask: share_of(hits[lures][mask]))
    alarms = by_slice(keys[rows.is_honest].tolist(), lambda mask: share_of(hits[rows.is_honest][mask]))
    return {
        "average_precision": round(float(average_precision_score(target[counted], log_odds[counted])), 4),
        "roc_auc": round(float(roc_auc_score(target[counted], log_odds[counted])), 4),
        "recall_at_1_percent_false_alarms": share_of(
            hits[lures], [str(group) for group in groups[lures]]
        ).to_json(),
        "each_left_out": {
            key: {
                "lures found": found[key].to_json() if key in found else None,
                "honest texts flagged": alarms[key].to_json() if key in alarms else None,
            }
            for key in enough
        },
    }


def left_out_folds(keys: NDArray[np.str_], groups: NDArray[np.int_]) -> Folds:
    """Give one fold per key: tested on its rows, fitted on rows of other keys that share no group with them."""
    folds = []
    for key in sorted(set(keys.tolist())):
        test = np.flatnonzero(keys == key)
        train = np.flatnonzero((keys != key) & ~np.isin(groups, groups[test]))
        folds.append((train, test))
    return folds


def _random_split(
    new: Maker,
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    groups: NDArray[np.int_],
    grouped: NDArray[np.float64],
    counted: NDArray[np.bool_],
    seed: int,
) -> dict[str, Any]:
    """Measure the split that leaks, and how much: rows whose twin or template stands on the training side."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(matrix, target))
    log_odds = out_of_fold_log_odds(new, matrix, target, weights, folds)
    leaked = np.concatenate([np.isin(groups[test], groups[train]) for train, test in folds])
    sides = {"grouped split, the figure to quote": grouped, "random split, for the difference only": log_odds}
    return {
        "warning": "under the random split, rows of one group stand on both sides: do not quote its figures",
        "test_rows_that_share_a_group_with_training": share_of(leaked).to_json(),
        "same_rows_both_ways": {
            name: {
                "average_precision": round(
                    float(average_precision_score(target[counted], values[counted])), 4
                ),
                "recall_at_1%_false_alarms": round(
                    float(recall_at(values[counted], target[counted], _RATE)[0]), 4
                ),
            }
            for name, values in sides.items()
        },
    }
