"""Measures the training rows out of fold, with what a sceptic asks next: other languages, other splits, style probes.

Nothing here reads the saved weights: folds are fitted anew from the configuration, so that no row is measured with
weights it helped to fit. A random split is measured beside the grouped one, and printed as the warning it is.
"""

from collections.abc import Callable
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
from model.training.config import CONFIG, load_config
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fitting import Maker, fit_heads, out_of_fold_log_odds, row_weights
from model.training.measures import Share, share_of
from model.training.probes import style_probes
from model.training.summary import summarise
from model.training.train import matrix_of
from model.training.versions import folder_of

Progress = Callable[[str, int, int], None]
_LEAST_ROWS = 20


def evaluate_labels(
    *, data: Path | None, version: str | None, progress: Progress | None = None
) -> dict[str, Any]:
    """Give every out-of-fold figure under a release's own configuration; `data` is unused (the config names the labels)."""
    del data
    folder = folder_of(version)
    config_path = folder / "config.toml" if (folder / "config.toml").is_file() else CONFIG
    config = load_config(config_path)
    rows = load_dataset(config.data.labels)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(rows.rows, catalogue, names, progress=progress)
    groups = groups_of(rows.rows)
    fitted = fit_heads(matrix, rows, groups, names, catalogue, config)
    new = Maker(names, catalogue, LabelName.SCAM_CENTRE, config.fit.precision)
    weights = row_weights(rows, LabelName.SCAM_CENTRE, config)
    target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)
    return {
        "model_version": folder.name,
        "rows": len(rows.rows),
        **summarise(rows, groups, fitted),
        "leave_one_language_out": _left_out(new, matrix, target, weights, rows, rows.languages),
        "random_split_for_comparison": _random_split(new, matrix, target, weights, groups, config.fit.seed),
        "style_probes": style_probes(rows, groups),
        "_plots": {
            "scores": expit(fitted.out_of_fold[LabelName.SCAM_CENTRE]).tolist(),
            "target": target.tolist(),
            "title": "Training rows, out of fold (grouped by twin, campaign and template)",
        },
    }


def _left_out(
    new: Maker,
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    rows: Dataset,
    keys: NDArray[np.str_],
) -> dict[str, Any]:
    """Fit without one language at a time and measure on it: what is learnt in others must hold."""
    folds = [(np.flatnonzero(keys != key), np.flatnonzero(keys == key)) for key in sorted(set(keys.tolist()))]
    log_odds = out_of_fold_log_odds(new, matrix, target, weights, folds)
    honest = rows.is_honest
    edge = float(np.quantile(log_odds[honest], 0.98))
    by_language: dict[str, Any] = {}
    for key in sorted(set(keys.tolist())):
        lures = (keys == key) & (target == 1)
        if (keys == key).sum() >= _LEAST_ROWS:
            by_language[key] = share_of(log_odds[lures] >= edge).to_json()
    return {
        "average_precision": round(float(average_precision_score(target, log_odds)), 4),
        "roc_auc": round(float(roc_auc_score(target, log_odds)), 4),
        "recall_at_2_percent_false_alarms": _recall(log_odds, target, honest).to_json(),
        "recall_by_language": by_language,
    }


def _random_split(
    new: Maker,
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    groups: NDArray[np.int_],
    seed: int,
) -> dict[str, Any]:
    """Measure the split that leaks, and how much: rows whose twin or template stands on the training side."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(matrix, target))
    log_odds = out_of_fold_log_odds(new, matrix, target, weights, folds)
    leaked = np.concatenate([np.isin(groups[test], groups[train]) for train, test in folds])
    return {
        "warning": "rows of one group stand on both sides: this figure flatters",
        "average_precision": round(float(average_precision_score(target, log_odds)), 4),
        "test_rows_sharing_a_group_with_training": share_of(leaked).to_json(),
    }


def _recall(log_odds: NDArray[np.float64], target: NDArray[np.int_], honest: NDArray[np.bool_]) -> Share:
    edge = float(np.quantile(log_odds[honest], 0.98))
    return share_of(log_odds[target == 1] >= edge)
