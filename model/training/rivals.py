"""The detectors that were argued about, fitted side by side: indicators, wording, both, boosted trees, and an ensemble.

The promoted one is `indicators`. The others are here so that the choice can be measured again whenever the catalogue
or the rows change. Wording means character n-grams of the masked text (no contact, place or amount is left in it), hashed,
so that nothing is counted over test rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from model.classifier.logistic import PriorLogisticRegression
from model.classifier.prior import Prior, column_prior
from model.indicators.registry import Catalogue
from model.schema.decision import LabelName
from model.training.materials import Materials, Progress

Floats = NDArray[np.float64]
Rows = NDArray[np.int_]
_N_HASHED = 2**16
_C = 10.0
"""Inverse penalty of the n-grams' weights; the best of 1, 3, 10 and 30 on grouped folds, so that they are shown at their strongest."""
_NGRAM_SCALE = 2.0
"""How far n-grams may move a score beside the columns, against the prior's precision; the best of 0.5, 1, 2 and 4."""
_BOOSTED = {
    "max_depth": 3,
    "max_iter": 300,
    "learning_rate": 0.05,
    "min_samples_leaf": 8,
    "l2_regularization": 1.0,
}
"""The best of three settings on grouped folds."""


@dataclass(frozen=True)
class Task:
    """What every rival is given: columns, n-grams, and what the catalogue knows beforehand."""

    columns: sparse.csr_matrix
    ngrams: sparse.csr_matrix
    target: NDArray[np.int_]
    weights: Floats
    prior: Prior
    precision: float


def task_of(
    materials: Materials,
    target: NDArray[np.int_],
    weights: Floats,
    *,
    names: Sequence[str],
    catalogue: Catalogue,
    precision: float,
) -> Task:
    """Hash the n-grams of the masked texts and lay everything out for the fits."""
    return Task(
        columns=materials.matrix,
        ngrams=ngrams_of(materials.masked),
        target=target,
        weights=weights,
        prior=column_prior(names, catalogue, LabelName.SCAM_CENTRE),
        precision=precision,
    )


def ngrams_of(masked: Sequence[str]) -> sparse.csr_matrix:
    """Count character 2- to 5-grams within words, hashed to 65,536 columns."""
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=_N_HASHED, norm=None, alternate_sign=False
    )
    return hashing.transform(masked)


def _indicators(task: Task, train: Rows, test: Rows) -> Floats:
    fitted = PriorLogisticRegression(
        prior_mean=task.prior.mean,
        lower=task.prior.lower,
        upper=task.prior.upper,
        precision=task.precision,
    ).fit(task.columns[train], task.target[train], sample_weight=task.weights[train])
    return fitted.decision_function(task.columns[test])


def _unguided(task: Task, train: Rows, test: Rows) -> Floats:
    fitted = PriorLogisticRegression(precision=1.0).fit(
        task.columns[train], task.target[train], sample_weight=task.weights[train]
    )
    return fitted.decision_function(task.columns[test])


def _ngrams(task: Task, train: Rows, test: Rows) -> Floats:
    weigh = TfidfTransformer(sublinear_tf=True).fit(task.ngrams[train])
    fitted = LogisticRegression(C=_C, max_iter=300).fit(
        weigh.transform(task.ngrams[train]), task.target[train], sample_weight=task.weights[train]
    )
    log_odds: Floats = fitted.decision_function(weigh.transform(task.ngrams[test]))
    return log_odds


def _both(task: Task, train: Rows, test: Rows) -> Floats:
    weigh = TfidfTransformer(sublinear_tf=True).fit(task.ngrams[train])
    # A larger value needs a smaller weight, so that the one penalty holds n-grams less than columns.
    scale = _NGRAM_SCALE * np.sqrt(task.precision)

    def laid_out(rows: Rows) -> sparse.csr_matrix:
        return sparse.hstack([task.columns[rows], weigh.transform(task.ngrams[rows]) * scale], format="csr")

    free = np.full(task.ngrams.shape[1], np.inf)
    fitted = PriorLogisticRegression(
        prior_mean=np.concatenate([task.prior.mean, np.zeros_like(free)]),
        lower=np.concatenate([task.prior.lower, -free]),
        upper=np.concatenate([task.prior.upper, free]),
        precision=task.precision,
    ).fit(laid_out(train), task.target[train], sample_weight=task.weights[train])
    return fitted.decision_function(laid_out(test))


def _boosted(task: Task, train: Rows, test: Rows) -> Floats:
    # A sign never argues for honesty, a counter-sign never for deception: as in the prior.
    direction = np.where(task.prior.lower >= 0, 1, np.where(task.prior.upper <= 0, -1, 0))
    fitted = HistGradientBoostingClassifier(monotonic_cst=direction, random_state=0, **_BOOSTED).fit(
        task.columns[train].toarray(), task.target[train], sample_weight=task.weights[train]
    )
    log_odds: Floats = fitted.decision_function(task.columns[test].toarray())
    return log_odds


Fit = Callable[[Task, Rows, Rows], Floats]
RIVALS: dict[str, Fit] = {
    "indicators": _indicators,
    "indicators, no prior": _unguided,
    "n-grams": _ngrams,
    "indicators and n-grams": _both,
    "boosted indicators": _boosted,
}
ENSEMBLE = "ensemble"
_MEMBERS = ("indicators", "boosted indicators", "n-grams")
SHIPPED = "indicators"


def compare_on(
    task: Task, folds: Sequence[tuple[Rows, Rows]], *, what: str, progress: Progress | None = None
) -> dict[str, Floats]:
    """Give each rival's log-odds for the rows of the test sides, NaN elsewhere; fits run through joblib, on a cluster too.

    The ensemble is the mean of three rivals' log-odds, equally weighted.
    """
    jobs = [(name, train, test) for train, test in folds for name in RIVALS]
    found = {name: np.full(len(task.target), np.nan) for name in RIVALS}
    parts = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_one)(name, task, train, test) for name, train, test in jobs
    )
    for number, ((name, _, test), part) in enumerate(zip(jobs, parts, strict=True), 1):
        found[name][test] = part
        if progress:
            progress(what, number, len(jobs))
    found[ENSEMBLE] = np.mean([found[name] for name in _MEMBERS], axis=0)
    return found


def _one(name: str, task: Task, train: Rows, test: Rows) -> Floats:
    with threadpool_limits(1):
        return RIVALS[name](task, train, test)
