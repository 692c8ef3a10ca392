"""What the report draws and computes from scores and targets: curves, calibration, operating points.

Intervals come from 300 draws of the rows with replacement. Figures are drawn without a display and come
back as images in a data address, so that the page needs nothing beside itself.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from model.training.measures import expected_calibration_error

Floats = NDArray[np.float64]
BUDGETS = (50, 200, 1000)
DAILY = 10_000
BASE_RATES = (0.001, 0.01)
"""Adverts a day and shares of lures among them, assumed for the table of review budgets."""
_RESAMPLES = 300
_BINS = 10
_RATES = np.geomspace(0.001, 1.0, 120)
_ALLOWANCES = np.linspace(0.0, 1.0, 2001)
_RECALLS = np.linspace(0.0, 1.0, 101)
_LURE, _HONEST, _INK, _GRID = "#b3261e", "#3b6ea5", "#222222", "#dddddd"
_STYLE: Any = {"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "lurewatch"}


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
        random = np.random.default_rng(0)
        groups = np.arange(len(self.scores)) if self.groups is None else self.groups
        sides = [_members(np.flatnonzero(self.target == side), groups) for side in (0, 1)]
        drawn = []
        for _ in range(_RESAMPLES):
            chosen = [side[i] for side in sides for i in random.integers(0, len(side), len(side))]
            rows = np.concatenate(chosen)
            drawn.append(Scored(self.scores[rows], self.target[rows], self.weights[rows]))
        return drawn

    def recall_at(self, rates: Floats) -> Floats:
        """Give recall where at most these shares of honest rows are flagged."""
        honest = np.sort(self.scores[self.target == 0])[::-1]
        lures = np.sort(self.scores[self.target == 1])
        allowed = np.floor(rates * len(honest) + 1e-9).astype(np.int_)
        edges = np.append(honest, -np.inf)[np.minimum(allowed, len(honest))]
        return 1.0 - np.searchsorted(lures, edges, side="right") / len(lures)

    def precision_at(self, recalls: Floats) -> Floats:
        """Give the best precision at each recall or above it."""
        order = np.argsort(-self.scores, kind="stable")
        hits = np.cumsum(self.weights[order] * (self.target[order] == 1))
        precision = hits / np.cumsum(self.weights[order])
        best = np.maximum.accumulate(precision[::-1])[::-1]
        reached = np.searchsorted(hits / hits[-1], recalls - 1e-12)
        return best[np.minimum(reached, len(best) - 1)]


def _members(rows: NDArray[np.int_], groups: NDArray[np.int_]) -> list[NDArray[np.int_]]:
    """Part rows by their group."""
    ordered = rows[np.argsort(groups[rows], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(groups[ordered])) + 1)


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


def _recall_within(scored: Scored, base_rate: float, budget: int) -> float:
    recalls = scored.recall_at(_ALLOWANCES)
    looked_at = DAILY * (base_rate * recalls + (1 - base_rate) * _ALLOWANCES)
    within = np.flatnonzero(looked_at <= budget)
    most = budget / (DAILY * base_rate)
    return min(float(recalls[within[-1]]) if len(within) else most, most, 1.0)


def _share(value: float, drawn: Sequence[float] | Floats, n: int) -> dict[str, Any]:
    low, high = _interval(drawn)
    return {"value": value, "n": n, "low": low, "high": high}


def precision_recall_figure(scored: Scored) -> str:
    """Draw precision against recall with a 95% band."""
    draws = np.array([draw.precision_at(_RECALLS) for draw in scored.draws])

    def draw(axes: Axes) -> None:
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        axes.fill_between(_RECALLS, low, high, color=_LURE, alpha=0.15, linewidth=0, label="95% band")
        axes.plot(_RECALLS, scored.precision_at(_RECALLS), color=_LURE, label="this detector")
        axes.axhline(scored.prevalence, color=_INK, linestyle=":", label="flagging at random")
        axes.set(xlabel="recall: share of lures found", ylabel="precision: share of flagged that are lures")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower left", frameon=False)

    return _image(draw)


def false_alarm_figure(scored: Scored) -> str:
    """Draw recall against the share of honest texts flagged, on a logarithmic axis."""
    draws = np.array([draw.recall_at(_RATES) for draw in scored.draws])
    n_honest = int((scored.target == 0).sum())

    def draw(axes: Axes) -> None:
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        axes.fill_between(_RATES, low, high, color=_LURE, alpha=0.15, linewidth=0, label="95% band")
        axes.plot(_RATES, scored.recall_at(_RATES), color=_LURE, label="this detector")
        axes.plot(_RATES, _RATES, color=_INK, linestyle=":", label="flagging at random")
        axes.axvspan(_RATES[0], max(_RATES[0], 1 / n_honest), color=_GRID, label="fewer than one honest text")
        axes.set_xscale("log")
        axes.set_xticks([0.001, 0.005, 0.01, 0.02, 0.1, 1], ["0.1%", "0.5%", "1%", "2%", "10%", "100%"])
        axes.minorticks_off()
        axes.set(xlabel="share of honest texts flagged", ylabel="share of lures found")
        axes.set(xlim=(_RATES[0], 1), ylim=(0, 1.02))
        axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")

    return _image(draw)


def calibration_figure(scored: Scored) -> str:
    """Draw what was said against what happened, in ten bins of equal mass, with 95% intervals."""
    _, bins = expected_calibration_error(scored.scores, scored.target, scored.weights, n_bins=_BINS)
    said = np.array([entry[0] for entry in bins])
    happened = np.array([entry[1] for entry in bins])
    order = np.argsort(scored.scores, kind="stable")
    mass = np.cumsum(scored.weights[order])
    parts = np.split(order, np.searchsorted(mass, np.linspace(0, mass[-1], _BINS + 1)[1:-1]))
    low, high = _bin_intervals(scored, [part for part in parts if len(part)])

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_INK, linestyle=":", label="said = happened")
        axes.errorbar(
            said,
            happened,
            yerr=[np.maximum(0, happened - low), np.maximum(0, high - happened)],
            color=_LURE,
            marker="o",
            capsize=3,
            label="a tenth of the rows",
        )
        axes.set(xlabel="mean score of the bin", ylabel="share of lures in the bin")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="upper left", frameon=False)

    return _image(draw)


def scores_figure(scored: Scored, threshold: float | None) -> str:
    """Draw how scores of lures and of honest texts are spread, in log-odds."""
    clipped = np.clip(scored.scores, 1e-4, 1 - 1e-4)
    log_odds = np.log(clipped / (1 - clipped))
    edges = np.linspace(-9.5, 9.5, 39).tolist()

    def draw(axes: Axes) -> None:
        for side, color, label in ((0, _HONEST, "honest"), (1, _LURE, "lures")):
            chosen = log_odds[scored.target == side]
            axes.hist(
                chosen,
                edges,
                weights=np.full(len(chosen), 1 / len(chosen)),
                color=color,
                alpha=0.55,
                label=f"{label} (n = {len(chosen)})",
            )
        if threshold is not None and 0 < threshold < 1:
            place = float(np.log(threshold / (1 - threshold)))
            axes.axvline(place, color=_INK, linestyle="--", label=f"threshold {threshold:.3f}")
        ticks = np.array([0.0005, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9995])
        axes.set_xticks(np.log(ticks / (1 - ticks)), [f"{tick:g}" for tick in ticks])
        axes.set(xlabel="score (log-odds scale)", ylabel="share of texts")
        axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
        axes.legend(loc="upper left", frameon=False)

    return _image(draw)


def folds_figure(splits: dict[str, dict[str, Sequence[float]]], *, label: str) -> str:
    """Draw every fold of every model as a dot and the mean as a line, one colour a split."""
    names = list(dict.fromkeys(name for models in splits.values() for name in models))

    def draw(axes: Axes) -> None:
        for number, (split, models) in enumerate(splits.items()):
            color = (_LURE, _HONEST)[number % 2]
            for name, values in models.items():
                place = names.index(name) + 0.3 * number - 0.15 * (len(splits) - 1)
                axes.plot(values, np.full(len(values), place), "o", color=color, alpha=0.45, markersize=5)
                axes.plot([np.mean(values)] * 2, [place - 0.13, place + 0.13], color=color, linewidth=2.5)
            axes.plot([], [], "o", color=color, label=split.replace("_", " "))
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set(xlabel=label, xlim=(0, 1))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)

    return _image(draw, width=7.5, height=1.4 + 0.65 * len(names))


def bars_figure(slices: Sequence[tuple[str, dict[str, Any]]], *, label: str) -> str:
    """Draw shares with their intervals, one bar a slice; thin slices are pale."""

    def draw(axes: Axes) -> None:
        for place, (_, share) in enumerate(slices):
            few = share["n"] < _FEW
            axes.barh(place, share["value"], color=_HONEST, alpha=0.3 if few else 0.8, height=0.7)
            axes.plot([share["low"], share["high"]], [place, place], color=_INK, linewidth=1.2)
        names = [f"{name} (n = {share['n']})" for name, share in slices]
        axes.set_yticks(range(len(slices)), names)
        axes.invert_yaxis()
        axes.set(xlabel=label, xlim=(0, 1.02))

    return _image(draw, height=1.0 + 0.24 * len(slices))


_FEW = 20


def _bin_intervals(scored: Scored, parts: Sequence[NDArray[np.int_]]) -> tuple[Floats, Floats]:
    random = np.random.default_rng(0)
    bounds = []
    for part in parts:
        rows = part[random.integers(0, len(part), (_RESAMPLES, len(part)))]
        weights = scored.weights[rows]
        bounds.append(_interval((weights * scored.target[rows]).sum(axis=1) / weights.sum(axis=1)))
    low, high = np.array(bounds).T
    return low, high


def _average_precision(scored: Scored) -> float:
    return float(average_precision_score(scored.target, scored.scores, sample_weight=scored.weights))


def _interval(values: Sequence[float] | Floats) -> tuple[float, float]:
    low, high = np.quantile(np.asarray(values), [0.025, 0.975])
    return float(low), float(high)


def _image(draw: Callable[[Axes], None], *, width: float = 5.6, height: float = 3.9) -> str:
    from matplotlib import rc_context

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(color=_GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode()
