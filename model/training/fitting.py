"""Fits the heads on grouped folds, calibrates them on what they had not seen, and chooses the thresholds.

Everything that is later reported of the training rows is out of fold: a row's twins, campaign, employer and
near-copies are never on the side that fitted the weights it is measured with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from model.classifier.logistic import PriorLogisticRegression
from model.classifier.prior import column_prior
from model.indicators.registry import Catalogue
from model.release import Head
from model.schema.decision import PATTERNS, LabelName
from model.training.config import TrainConfig
from model.training.dataset import Dataset

HEADS = (*PATTERNS, LabelName.NOT_AN_ADVERT)
_STEEPEST, _FLATTEST = 3.0, 0.2


@dataclass(frozen=True)
class Fitted:
    """Calibrated heads with the out-of-fold log-odds they were calibrated on."""

    heads: dict[str, Head]
    out_of_fold: dict[str, NDArray[np.float64]]
    """Calibrated log-odds per label, shape (n_rows,)."""
    thresholds: dict[str, float]


def fit_heads(
    matrix: sparse.csr_matrix,
    data: Dataset,
    groups: NDArray[np.int_],
    names: Sequence[str],
    catalogue: Catalogue,
    config: TrainConfig,
) -> Fitted:
    """Fit every head; same inputs, same numbers."""
    folds = list(split_folds(data, groups, n_folds=config.fit.folds, seed=config.fit.seed))
    heads: dict[str, Head] = {}
    out_of_fold: dict[str, NDArray[np.float64]] = {}
    for label in HEADS:
        target = (data.labels == label).astype(np.int_)
        if not 0 < target.sum() < len(target):
            continue
        precision = config.fit.precision if label is LabelName.SCAM_CENTRE else config.fit.head_precision
        new = Maker(names, catalogue, label, precision)
        weights = row_weights(data, label, config)
        raw = out_of_fold_log_odds(new, matrix, target, weights, folds)
        base_rate = config.calibration.base_rate if label is LabelName.SCAM_CENTRE else None
        slope, intercept = calibrate(raw, target, base_rate=base_rate)
        final = new().fit(matrix, target, sample_weight=weights)
        heads[str(label)] = Head(final.coef_ * slope, final.intercept_ * slope + intercept)
        out_of_fold[str(label)] = raw * slope + intercept
    scores = expit(out_of_fold[LabelName.SCAM_CENTRE])
    honest = scores[data.is_honest]
    thresholds = {
        "review": _threshold(honest, config.thresholds.review_false_alarms),
        "high": _threshold(honest, config.thresholds.high_false_alarms),
        "not_an_advert": config.thresholds.not_an_advert,
    }
    return Fitted(heads, out_of_fold, thresholds)


def split_folds(
    data: Dataset,
    groups: NDArray[np.int_],
    *,
    n_folds: int,
    seed: int,
) -> Iterator[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Give (train, test) indices, stratified by label, no group on both sides."""
    n_folds = min(n_folds, len(set(groups)))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(groups)), data.labels, groups)


def row_weights(data: Dataset, label: LabelName, config: TrainConfig) -> NDArray[np.float64]:
    """Weigh rows for one head, mean 1, shape (n_rows,): languages with few rows count more, other deceptions less against scam_centre."""
    languages, inverse, counts = np.unique(data.languages, return_inverse=True, return_counts=True)
    fair = len(data.rows) / (len(languages) * counts)
    weights: NDArray[np.float64] = fair[inverse] ** config.fit.language_weight
    if label is LabelName.SCAM_CENTRE:
        neighbours = ~data.is_honest & (data.labels != LabelName.SCAM_CENTRE)
        weights = np.where(neighbours, weights * config.fit.neighbour_weight, weights)
    normal: NDArray[np.float64] = weights / weights.mean()
    return normal


def out_of_fold_log_odds(
    new: "Maker",
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    folds: Sequence[tuple[NDArray[np.int_], NDArray[np.int_]]],
) -> NDArray[np.float64]:
    """Give each row's log-odds from the fold that had not seen it; folds run through joblib, on a cluster too."""
    parts = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_fit_and_score)(new, matrix, target, weights, train, test) for train, test in folds
    )
    log_odds = np.zeros(len(target))
    for (_, test), part in zip(folds, parts, strict=True):
        log_odds[test] = part
    return log_odds


def _fit_and_score(
    new: "Maker",
    matrix: sparse.csr_matrix,
    target: NDArray[np.int_],
    weights: NDArray[np.float64],
    train: NDArray[np.int_],
    test: NDArray[np.int_],
) -> NDArray[np.float64]:
    fitted = new().fit(matrix[train], target[train], sample_weight=weights[train])
    return fitted.decision_function(matrix[test])


def calibrate(
    raw: NDArray[np.float64], target: NDArray[np.int_], *, base_rate: float | None
) -> tuple[float, float]:
    """Fit slope and intercept on out-of-fold log-odds (Platt 1999), rows weighted to the assumed base rate.

    One slope for all keeps the head additive, so that reasons still sum to the score.
    """
    share = target.mean()
    weights = np.ones(len(target))
    if base_rate is not None:
        weights = np.where(target == 1, base_rate / share, (1 - base_rate) / (1 - share))
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(raw.reshape(-1, 1), target, sample_weight=weights)
    slope = float(np.clip(fitted.coef_[0, 0], _FLATTEST, _STEEPEST))
    return slope, float(fitted.intercept_[0])


def _threshold(honest: NDArray[np.float64], share: float) -> float:
    """Give the least score that at most `share` of honest rows reach, rounded up to three figures."""
    ordered = np.sort(honest)[::-1]
    allowed = int(np.floor(share * len(ordered)))
    edge = ordered[allowed] if allowed < len(ordered) else ordered[-1]
    return float(np.ceil((edge + 1e-9) * 1000) / 1000)


class Maker:
    """Makes fresh estimators of one head; a class, so that worker processes can receive it."""

    def __init__(
        self, names: Sequence[str], catalogue: Catalogue, label: LabelName, precision: float
    ) -> None:
        self._prior = column_prior(names, catalogue, label)
        self._precision = precision

    def __call__(self) -> PriorLogisticRegression:
        """Give a fresh, unfitted estimator."""
        prior = self._prior
        return PriorLogisticRegression(
            prior_mean=prior.mean, lower=prior.lower, upper=prior.upper, precision=self._precision
        )
