"""Measures the vote of four and the reference baselines on EMSCAD, by company and template and at random.

Under the grouped split no company, text or template of a test row was seen in training; under the random
one most were, so its figures are printed with a warning. Models, thresholds and calibrations of both splits
are made in the same way in one run; threshold and calibration come from folds inside the training side.
Spread between folds is larger than between models: every figure is a mean with its folds beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from model.indicators.registry import load_catalogue
from model.training.dataset import ROOT
from model.training.emscad_data import Emscad, load_emscad, whole_text
from model.training.emscad_models import (
    BASELINES,
    MEMBERS,
    OURS,
    Features,
    Fit,
    Floats,
    Rows,
    Task,
    make_features,
)
from model.training.materials import reading_state
from model.training.measures import expected_calibration_error, share_of, threshold_at
from model.training.probes import probe_texts

CACHE = ROOT / "var" / "cache"
_FOLDS, _INNER_FOLDS = 5, 3
_REPEATS = 2
"""Draws of grouped folds: where the few large campaigns fall moves every figure."""
_SEED = 20261121
_FALSE_ALARMS = 0.01
_RESAMPLES = 500
_MEASURES = ("average_precision", "f1", "recall_at_1_percent_false_alarms", "expected_calibration_error")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Fold:
    """Calibrated probabilities of the test rows, and thresholds of best F1 inside training, per model."""

    test: Rows
    probabilities: dict[str, Floats]
    thresholds: dict[str, float]


def evaluate_emscad(
    *, data: Path, version: str | None, progress: Progress | None = None, n_jobs: int = -1
) -> dict[str, Any]:
    """Give every figure of both splits as JSON values; raises `InputError`.

    `version` is unused: nothing is released that was trained on this set, every fold is fitted here.
    """
    del version
    rows = load_emscad(data)
    memory = joblib.Memory(CACHE, verbose=0)
    features = memory.cache(_features, ignore=["rows"])(
        rows.rows, rows.digest, reading_state(load_catalogue().version)
    )
    splits = {"grouped_split": _split(rows, grouped=True), "random_split": _split(rows, grouped=False)}
    jobs = [(name, train, test) for name, folds in splits.items() for train, test in folds]
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    done: dict[str, list[_Fold]] = {name: [] for name in splits}
    results = parallel(
        joblib.delayed(_fold)(features, rows, train, test, grouped=name == "grouped_split")
        for name, train, test in jobs
    )
    for number, (fold, (name, _, _)) in enumerate(zip(results, jobs, strict=True), 1):
        done[name].append(fold)
        if progress:
            progress("fitting folds", number, len(jobs))
    texts = [whole_text(row) for row in rows.rows]
    probes = probe_texts(texts, ["en"] * len(texts), rows.target, rows.groups)
    return {**_result(rows, splits, done), "artefact_probes": probes}


def _features(rows: tuple[dict[str, str], ...], digest: str, state: str) -> Features:
    """Make the features; the digest of the rows and the state of what reads them are what the cache goes by."""
    del digest, state
    return make_features(rows)


def _split(data: Emscad, *, grouped: bool) -> list[tuple[Rows, Rows]]:
    empty = np.zeros(len(data.target))
    if not grouped:
        return list(StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED).split(empty, data.target))
    return [
        fold
        for repeat in range(_REPEATS)
        for fold in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED + repeat).split(
            empty, data.target, data.groups
        )
    ]


def _fold(features: Features, data: Emscad, train: Rows, test: Rows, *, grouped: bool) -> _Fold:
    fits = {**BASELINES, **MEMBERS}
    with threadpool_limits(1):  # folds run side by side; threads inside them would only wait for one another
        inside, outside = _scores(features, data, (train, test), fits, grouped=grouped)
    mean, deviation = inside.mean(axis=1, keepdims=True), inside.std(axis=1, keepdims=True)
    inside, outside = ((values - mean) / (deviation + 1e-9) for values in (inside, outside))
    names = list(fits)
    voters = [names.index(name) for name in MEMBERS]
    candidates = {name: (inside[i], outside[i]) for i, name in enumerate(names) if name in BASELINES}
    candidates[OURS] = (inside[voters].mean(axis=0), outside[voters].mean(axis=0))
    probabilities, thresholds = {}, {}
    for name, (seen, unseen) in candidates.items():
        target, weights = data.target[train], data.weights[train]
        platt = LogisticRegression(C=1e6).fit(seen[:, None], target, sample_weight=weights)
        slope, intercept = max(0.0, float(platt.coef_[0, 0])), float(platt.intercept_[0])
        thresholds[name] = _best_threshold(expit(seen * slope + intercept), target, weights)
        probabilities[name] = expit(unseen * slope + intercept)
    return _Fold(test, probabilities, thresholds)


def _scores(
    features: Features,
    data: Emscad,
    split: tuple[Rows, Rows],
    fits: dict[str, Fit],
    *,
    grouped: bool,
) -> tuple[Floats, Floats]:
    """Give scores of the training rows from folds inside training, and of the test rows, one row per model."""
    train, test = split
    inside = np.zeros((len(fits), len(train)))
    for inner_train, inner_test in _inner(data, train, grouped=grouped):
        task = Task(features, data.target, data.weights, train[inner_train], train[inner_test])
        for number, fit in enumerate(fits.values()):
            inside[number, inner_test] = fit(task)
    task = Task(features, data.target, data.weights, train, test)
    outside = np.stack([fit(task) for fit in fits.values()])
    return inside, outside


def _inner(data: Emscad, train: Rows, *, grouped: bool) -> list[tuple[Rows, Rows]]:
    target = data.target[train]
    if grouped:
        splitter = StratifiedGroupKFold(_INNER_FOLDS, shuffle=True, random_state=_SEED)
        return list(splitter.split(train, target, data.groups[train]))
    return list(StratifiedKFold(_INNER_FOLDS, shuffle=True, random_state=_SEED).split(train, target))


def _best_threshold(probabilities: Floats, target: NDArray[np.int_], weights: Floats) -> float:
    precision, recall, thresholds = precision_recall_curve(target, probabilities, sample_weight=weights)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(thresholds[int(np.argmax(f1[:-1]))])


def _result(
    data: Emscad, splits: dict[str, list[tuple[Rows, Rows]]], done: dict[str, list[_Fold]]
) -> dict[str, Any]:
    frauds = data.target == 1
    result: dict[str, Any] = {
        "data": {
            "digest": data.digest,
            "fraudulent": int(frauds.sum()),
            "legitimate": int((~frauds).sum()),
            "prevalence": round(float(data.weights[frauds].sum() / data.weights.sum()), 4),
            "weighting": "classes count as among all 17,880 adverts, in training and in all figures",
            "groups_by_company_and_template": len(set(data.groups.tolist())),
            "groups_with_frauds": len(set(data.groups[frauds].tolist())),
            "frauds_in_largest_group": int(np.bincount(data.groups[frauds]).max()),
        }
    }
    names = [*BASELINES, OURS]
    for split, folds in done.items():
        result[split] = {name: _measures(data, folds, name) for name in names}
    best = max(BASELINES, key=lambda name: result["grouped_split"][name]["average_precision"]["mean"])
    result["ours_against_best_baseline_grouped"] = _comparison(data, done["grouped_split"], best)
    result["random_split"] = {
        "warning": "companies and templates stand on both sides of this split: its figures flatter",
        **_leakage(data, splits["random_split"]),
        **result["random_split"],
    }
    result["threshold_rule"] = "F1 at the threshold that was best in folds inside the training side"
    result["_plots"] = {
        "scores": _pooled(data, done["grouped_split"], OURS).tolist(),
        "target": data.target.tolist(),
        "weights": data.weights.tolist(),
        "groups": data.groups.tolist(),
        "title": "EMSCAD, grouped by company and template, out of fold",
    }
    return result


def _measures(data: Emscad, folds: Sequence[_Fold], name: str) -> dict[str, Any]:
    values: dict[str, list[float]] = {measure: [] for measure in _MEASURES}
    for fold in folds:
        target, weights = data.target[fold.test], data.weights[fold.test]
        scores = fold.probabilities[name]
        flagged = scores >= fold.thresholds[name]
        hits = weights[flagged & (target == 1)].sum()
        edge = threshold_at([(scores[target == 0], _FALSE_ALARMS)])
        values["average_precision"].append(average_precision_score(target, scores, sample_weight=weights))
        values["f1"].append(2 * hits / (weights[flagged].sum() + weights[target == 1].sum()))
        values["recall_at_1_percent_false_alarms"].append(float((scores[target == 1] >= edge).mean()))
        values["expected_calibration_error"].append(expected_calibration_error(scores, target, weights)[0])
    return {
        measure: {
            "mean": round(float(np.mean(found)), 4),
            "spread": round(float(np.std(found, ddof=1)), 4),
            "folds": [round(float(value), 3) for value in found],
        }
        for measure, found in values.items()
    }


def _leakage(data: Emscad, folds: Sequence[tuple[Rows, Rows]]) -> dict[str, Any]:
    """Say how many test rows had a row of their own group on the training side."""
    seen = np.zeros(len(data.target), dtype=bool)
    for train, test in folds:
        seen[test] = np.isin(data.groups[test], data.groups[train])
    return {
        "test_rows_sharing_a_group_with_training": share_of(seen).to_json(),
        "test_frauds_sharing_a_group_with_training": share_of(seen[data.target == 1]).to_json(),
    }


def _pooled(data: Emscad, folds: Sequence[_Fold], name: str) -> Floats:
    """Give each row its probability out of fold, averaged over the draws of folds."""
    total, count = np.zeros(len(data.target)), np.zeros(len(data.target))
    for fold in folds:
        total[fold.test] += fold.probabilities[name]
        count[fold.test] += 1
    mean: Floats = total / np.maximum(count, 1)
    return mean


def _comparison(data: Emscad, folds: Sequence[_Fold], baseline: str) -> dict[str, Any]:
    """Compare on the same folds, and on groups drawn again: would other campaigns say the same?"""
    per_fold = [
        average_precision_score(
            data.target[f.test], f.probabilities[OURS], sample_weight=data.weights[f.test]
        )
        - average_precision_score(
            data.target[f.test], f.probabilities[baseline], sample_weight=data.weights[f.test]
        )
        for f in folds
    ]
    ours, theirs = _pooled(data, folds, OURS), _pooled(data, folds, baseline)
    _, groups = np.unique(data.groups, return_inverse=True)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    random = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        target, weights = data.target[chosen], data.weights[chosen]
        drawn.append(
            average_precision_score(target, ours[chosen], sample_weight=weights)
            - average_precision_score(target, theirs[chosen], sample_weight=weights)
        )
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "best_baseline": baseline,
        "average_precision_ahead_by_mean_of_folds": round(float(np.mean(per_fold)), 4),
        "folds": [round(float(value), 3) for value in per_fold],
        "pooled_difference_95_percent_over_groups": [round(float(low), 4), round(float(high), 4)],
        "share_of_resamples_ahead": round(float(np.mean(np.array(drawn) > 0)), 3),
    }
