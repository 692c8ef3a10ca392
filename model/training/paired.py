"""Whether one detector is better than another on the same texts: paired redraws, McNemar's test, texts that change band.

Two sets of scores of the same rows share what is hard about those rows. Redrawing the rows once for both and taking the
difference each time leaves that out; two separate intervals do not, and hide real differences.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score

from model.training.measures import recall_at, redraws

Floats = NDArray[np.float64]
RATES = np.array([0.005, 0.01, 0.02])
_N_DRAWS = 500


def operating_figures(scores: Floats, target: NDArray[np.int_]) -> dict[str, float]:
    """Give recall at 0.5, 1 and 2% false alarms and average precision; the rows are lures (1) and honest texts (0)."""
    recalls = recall_at(scores, target, RATES)
    return {
        **{f"recall_at_{rate:.1%}": float(value) for rate, value in zip(RATES, recalls, strict=True)},
        "average_precision": float(average_precision_score(target, scores)),
    }


def with_intervals(
    scores: Floats, target: NDArray[np.int_], groups: NDArray[np.int_], *, n_draws: int = _N_DRAWS
) -> dict[str, Any]:
    """Give `operating_figures` as shares with 95% intervals over groups, n being the lures."""
    draws = [operating_figures(scores[rows], target[rows]) for rows in redraws(target, groups, n=n_draws)]
    n_lures = int((target == 1).sum())
    return {
        name: {"value": round(value, 4), "n": n_lures, **_bounds([draw[name] for draw in draws])}
        for name, value in operating_figures(scores, target).items()
    }


def paired_differences(
    first: Floats,
    second: Floats,
    target: NDArray[np.int_],
    groups: NDArray[np.int_],
    *,
    n_draws: int = _N_DRAWS,
) -> dict[str, Any]:
    """Give second minus first of every operating figure, with a 95% interval over paired redraws of whole groups."""
    before, after = operating_figures(first, target), operating_figures(second, target)
    draws = []
    for rows in redraws(target, groups, n=n_draws):
        a, b = (operating_figures(scores[rows], target[rows]) for scores in (first, second))
        draws.append({name: b[name] - a[name] for name in a})
    found = {}
    for name in before:
        bounds = _bounds([draw[name] for draw in draws])
        found[name] = {
            "a": round(before[name], 4),
            "b": round(after[name], 4),
            "difference": round(after[name] - before[name], 4),
            **bounds,
            "verdict": _verdict(bounds["low"], bounds["high"]),
        }
    return found


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "b is better"
    return "a is better" if high < 0 else "cannot be told apart"


def _bounds(values: Sequence[float]) -> dict[str, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return {"low": round(float(low), 4), "high": round(float(high), 4)}


def mcnemar(right_before: NDArray[np.bool_], right_after: NDArray[np.bool_]) -> dict[str, Any]:
    """Test whether two detectors err equally often on the same rows (McNemar 1947, exact binomial form).

    Only rows that one gets right and the other wrong tell anything; the p-value is that of a fair coin over them.
    """
    only_before = int((right_before & ~right_after).sum())
    only_after = int((right_after & ~right_before).sum())
    n = only_before + only_after
    p = float(binomtest(only_before, n, 0.5).pvalue) if n else 1.0
    return {"right_only_in_a": only_before, "right_only_in_b": only_after, "p_value": round(p, 4)}


def moved(
    before: Sequence[str], after: Sequence[str], order: Sequence[str]
) -> tuple[dict[str, int], NDArray[np.int_]]:
    """Count moves between bands and give the rows that moved; `order` names the bands from harmless to worst."""
    rows = np.flatnonzero(np.array(before) != np.array(after))
    counts: dict[str, int] = {}
    for first in order:
        for last in order:
            n = sum(before[i] == first and after[i] == last for i in rows.tolist())
            if n:
                counts[f"{first} to {last}"] = n
    return counts, rows
