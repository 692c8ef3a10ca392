"""What a detector would do for a team: recall where false alarms are rare, and what a review budget finds.

Intervals come from 300 draws of the rows with replacement, whole groups at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from model.training.measures import recall_at, redraws

Floats = NDArray[np.float64]
BUDGETS = (50, 200, 1000)
DAILY = 10_000
BASE_RATES = (0.001, 0.01)
"""Adverts a day and shares of lures among them, assumed for the table of review budgets."""
_RESAMPLES = 300
_ALLOWANCES = np.linspace(0.0, 1.0, 2001)


@dataclass(frozen=True)
class Scored:
    """Scores with what they should have been, and what each row counts for."""

    scores: Floats
    target: NDArray[np.int_]
    weights: Floats
    groups: NDArray[np.int_] | None = None
    """Rows of one group are drawn together; None where every row stands for itself."""

    @classmethod
    def of(cls, plots: dict[str, Any]) -> "Scored":
        """Read the `_plots` of a result."""
        scores = np.asarray(plots["scores"], dtype=np.float64)
        weights = np.asarray(plots.get("weights", np.ones(len(scores))), dtype=np.float64)
        groups = plots.get("groups")
        if groups is not None:
            groups = np.unique(np.asarray(groups), return_inverse=True)[1]
        return cls(scores, np.asarray(plots["target"], dtype=np.int_), weights, groups)

    @property
    def prevalence(self) -> float:
        """Weighted share of lures."""
        return float(self.weights[self.target == 1].sum() / self.weights.sum())

    @cached_property
    def draws(self) -> list["Scored"]:
        """Give resamples of the lures and of the honest rows, each with replacement, whole groups at a time."""
        drawn = redraws(self.target, self.groups, n=_RESAMPLES)
        return [Scored(self.scores[rows], self.target[rows], self.weights[rows]) for rows in drawn]

    def recall_at(self, rates: Floats) -> Floats:
        """Give recall where at most these shares of honest rows are flagged."""
        return recall_at(self.scores, self.target, rates)

    def precision_at(self, recalls: Floats) -> Floats:
        """Give the best precision at each recall or above it."""
        order = np.argsort(-self.scores, kind="stable")
        hits = np.cumsum(self.weights[order] * (self.target[order] == 1))
        precision = hits / np.cumsum(self.weights[order])
        best = np.maximum.accumulate(precision[::-1])[::-1]
        reached = np.searchsorted(hits / hits[-1], recalls - 1e-12)
        return best[np.minimum(reached, len(best) - 1)]


def operating_points(scored: Scored) -> list[tuple[str, dict[str, Any]]]:
    """Give recall at 0.5, 1 and 2% false alarms and average precision, each as a share with its interval."""
    rates = np.array([0.005, 0.01, 0.02])
    draws = scored.draws
    recalls = np.array([draw.recall_at(rates) for draw in draws])
    n_lures = int((scored.target == 1).sum())
    found = [
        (f"recall at {rate:.1%} false alarms", _share(float(value), recalls[:, i], n_lures))
        for i, (rate, value) in enumerate(zip(rates, scored.recall_at(rates), strict=True))
    ]
    precision = _share(_average_precision(scored), [_average_precision(draw) for draw in draws], n_lures)
    return [*found, ("average precision", precision)]


def review_budgets(scored: Scored) -> list[tuple[float, int, dict[str, Any]]]:
    """Give (base rate, looked at, recall) when a team looks at the riskiest of 10,000 adverts a day."""
    draws = scored.draws
    n_lures = int((scored.target == 1).sum())
    cases = [(base_rate, budget) for base_rate in BASE_RATES for budget in BUDGETS]
    drawn = np.array([[_recall_within(draw, *case) for case in cases] for draw in draws])
    return [
        (*case, _share(_recall_within(scored, *case), drawn[:, i], n_lures)) for i, case in enumerate(cases)
    ]


def budget_table(scored: Scored) -> dict[str, Any]:
    """Give `review_budgets` by name, for a terminal or a file."""
    return {
        f"{budget} a day looked at, {base_rate:.1%} of {DAILY:,} are lures": share
        for base_rate, budget, share in review_budgets(scored)
    }


def _recall_within(scored: Scored, base_rate: float, budget: int) -> float:
    recalls = scored.recall_at(_ALLOWANCES)
    looked_at = DAILY * (base_rate * recalls + (1 - base_rate) * _ALLOWANCES)
    within = np.flatnonzero(looked_at <= budget)
    most = budget / (DAILY * base_rate)
    return min(float(recalls[within[-1]]) if len(within) else most, most, 1.0)


def _share(value: float, drawn: Sequence[float] | Floats, n: int) -> dict[str, Any]:
    low, high = _interval(drawn)
    return {"value": value, "n": n, "low": low, "high": high}


def _average_precision(scored: Scored) -> float:
    return float(average_precision_score(scored.target, scored.scores, sample_weight=scored.weights))


def _interval(values: Sequence[float] | Floats) -> tuple[float, float]:
    low, high = np.quantile(np.asarray(values), [0.025, 0.975])
    return float(low), float(high)
