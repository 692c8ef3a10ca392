"""Measures of a detector that mean something for rare, costly events, with intervals and counts beside every share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1000


@dataclass(frozen=True)
class Share:
    """A share with its count and a 95% bootstrap interval over groups."""

    value: float
    n: int
    low: float
    high: float

    def to_json(self) -> dict[str, float | int]:
        """Give rounded figures."""
        return {
            "value": round(self.value, 4),
            "n": self.n,
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }

    def __str__(self) -> str:
        return f"{self.value:6.1%} [{self.low:.0%}-{self.high:.0%}] of {self.n}"


def share_of(hits: NDArray[np.bool_], groups: Sequence[str] | None = None, *, seed: int = 0) -> Share:
    """Give the share of hits, each group counting once however many rows it has."""
    if len(hits) == 0:
        return Share(float("nan"), 0, float("nan"), float("nan"))
    if groups is None:
        per_group = hits.astype(np.float64)
    else:
        keys, inverse = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
        per_group = np.bincount(inverse, weights=hits) / np.bincount(inverse, minlength=len(keys))
    draws = np.random.default_rng(seed).integers(0, len(per_group), (_RESAMPLES, len(per_group)))
    low, high = np.quantile(per_group[draws].mean(axis=1), [0.025, 0.975])
    return Share(float(per_group.mean()), len(per_group), float(low), float(high))


def recall_at(
    scores: NDArray[np.float64], target: NDArray[np.int_], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give recall of the rows of target 1 where at most these shares of the rows of target 0 are flagged."""
    honest = np.sort(scores[target == 0])[::-1]
    lures = np.sort(scores[target == 1])
    allowed = np.floor(rates * len(honest) + 1e-9).astype(np.int_)
    edges = np.append(honest, -np.inf)[np.minimum(allowed, len(honest))]
    found: NDArray[np.float64] = 1.0 - np.searchsorted(lures, edges, side="right") / len(lures)
    return found


def redraws(
    target: NDArray[np.int_], groups: NDArray[np.int_] | None = None, *, n: int = 300, seed: int = 0
) -> list[NDArray[np.int_]]:
    """Redraw the rows of target 1 and those of target 0 with replacement, whole groups at a time; row indices of each draw.

    The same draws serve several sets of scores of the same rows, so that their differences are paired.
    """
    random = np.random.default_rng(seed)
    groups = np.arange(len(target)) if groups is None else groups
    sides = [_members(np.flatnonzero(target == side), groups) for side in (0, 1)]
    return [
        np.concatenate([side[i] for side in sides for i in random.integers(0, len(side), len(side))])
        for _ in range(n)
    ]


def _members(rows: NDArray[np.int_], groups: NDArray[np.int_]) -> list[NDArray[np.int_]]:
    """Part rows by their group."""
    ordered = rows[np.argsort(groups[rows], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(groups[ordered])) + 1)


def threshold_at(allowed: Sequence[tuple[NDArray[np.float64], float]]) -> float:
    """Give the lowest threshold at which each set of scores has at most its share at or above it."""
    lowest = 0.0
    for scores, share in allowed:
        if len(scores) == 0:
            continue
        ordered = np.sort(scores)[::-1]
        n_allowed = int(np.floor(share * len(ordered)))
        if n_allowed < len(ordered):
            lowest = max(lowest, float(np.nextafter(ordered[n_allowed], np.inf)))
    return lowest


def expected_calibration_error(
    scores: NDArray[np.float64],
    target: NDArray[np.int_],
    weights: NDArray[np.float64] | None = None,
    *,
    n_bins: int = 10,
) -> tuple[float, list[tuple[float, float, float]]]:
    """Give the ECE over bins of equal mass, and (mean score, share positive, weight) per bin.

    Naeini, Cooper, Hauskrecht 2015, with equal-mass bins: equal-width ones are empty where scores are rare.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weights[order])
    edges = np.searchsorted(cumulative, np.linspace(0, cumulative[-1], n_bins + 1)[1:-1])
    bins = []
    error = 0.0
    for part in np.split(order, edges):
        if len(part) == 0:
            continue
        mass = weights[part].sum()
        mean, positive = (
            np.average(scores[part], weights=weights[part]),
            np.average(target[part], weights=weights[part]),
        )
        error += mass / weights.sum() * abs(mean - positive)
        bins.append((float(mean), float(positive), float(mass)))
    return float(error), bins


def by_slice(keys: Sequence[str], measure: Callable[[NDArray[np.bool_]], Share]) -> dict[str, Share]:
    """Measure each slice of rows by its key, keys sorted."""
    array = np.asarray(keys, dtype=object).astype(str)
    return {key: measure(array == key) for key in sorted(set(array.tolist()))}
