"""Other settings of the fit on the same grouped folds, side by side: what `config.toml` could say instead.

Every combination is fitted on every fold, over all cores or a Dask cluster. The best of many looks better than it is, so each
stands with its paired difference to the present setting; where that interval includes 0, leave the file alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import ParameterGrid
from threadpoolctl import threadpool_limits

from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.decision import LabelName
from model.training.config import TrainConfig, load_config
from model.training.dataset import groups_of, load_dataset
from model.training.fitting import Maker, row_weights, split_folds
from model.training.labels_protocol import Folds
from model.training.materials import Progress, matrix_of
from model.training.models_protocol import pair_share
from model.training.paired import operating_figures, paired_differences
from model.training.versions import config_of

GRID = {
    "precision": [0.5, 2.0, 5.0, 15.0],
    "neighbour_weight": [0.0, 0.3, 1.0],
    "language_weight": [0.0, 0.5, 1.0],
}
"""Values of `[fit]` that are tried, all with all."""
_SHOWN = 10


def evaluate_settings(
    *, data: Path | None, version: str | None, progress: Progress | None = None
) -> dict[str, Any]:
    """Give the settings that did best, and the present one; `data` is unused (the config names the labels)."""
    del data
    config = load_config(config_of(version))
    rows = load_dataset(config.data.labels)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(rows.rows, catalogue, names, progress=progress)
    groups = groups_of(rows.rows)
    folds = list(split_folds(rows, groups, n_folds=config.fit.folds, seed=config.fit.seed))
    present = {key: getattr(config.fit, key) for key in GRID}
    settings = [
        present,
        *({key: point[key] for key in GRID} for point in ParameterGrid(GRID) if point != present),
    ]
    makers = {
        precision: Maker(names, catalogue, LabelName.SCAM_CENTRE, precision)
        for precision in {setting["precision"] for setting in settings}
    }
    parts = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_fitted)(
            makers[setting["precision"]],
            matrix,
            rows.labels == LabelName.SCAM_CENTRE,
            row_weights(rows, LabelName.SCAM_CENTRE, _with(config, setting)),
            folds,
        )
        for setting in settings
    )
    found: list[NDArray[np.float64]] = []
    for part in parts:
        found.append(part)
        if progress:
            progress("trying settings", len(found), len(settings))
    counted = (rows.labels == LabelName.SCAM_CENTRE) | rows.is_honest
    target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)[counted]

    def described(number: int) -> dict[str, Any]:
        scores = found[number][counted]
        against = paired_differences(found[0][counted], scores, target, groups[counted], n_draws=200)
        ahead = against["average_precision"]
        return {
            **settings[number],
            **{name: round(value, 4) for name, value in operating_figures(scores, target).items()},
            "lure_outscores_twin": pair_share(rows, found[number])["value"],
            "ahead of the present": f"{ahead['difference']:+.4f} [{ahead['low']:+.4f} to {ahead['high']:+.4f}]",
        }

    order = sorted(
        range(1, len(settings)),
        key=lambda number: -operating_figures(found[number][counted], target)["average_precision"],
    )
    return {
        "_title": "Settings of the fit, on the same grouped folds",
        "rows": len(rows.rows),
        "labels_digest": rows.digest,
        "settings_tried": len(settings),
        "settings": {
            "present": described(0),
            **{f"{place}": described(number) for place, number in enumerate(order[:_SHOWN], 1)},
        },
    }


def _with(config: TrainConfig, setting: dict[str, float]) -> TrainConfig:
    return config.model_copy(update={"fit": config.fit.model_copy(update=setting)})


def _fitted(
    new: Maker,
    matrix: sparse.csr_matrix,
    is_lure: NDArray[np.bool_],
    weights: NDArray[np.float64],
    folds: Folds,
) -> NDArray[np.float64]:
    """Give out-of-fold log-odds under one setting."""
    log_odds = np.zeros(len(is_lure))
    with threadpool_limits(1):
        for train, test in folds:
            fitted = new().fit(matrix[train], is_lure[train].astype(np.int_), sample_weight=weights[train])
            log_odds[test] = fitted.decision_function(matrix[test])
    return log_odds
