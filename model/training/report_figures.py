"""What the report draws from scores and targets: curves, calibration, folds, bars, learning curves.

Bands come from 300 draws of the rows with replacement. Figures are drawn without a display and come
back as images in a data address, so that the page needs nothing beside itself.
"""

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.training.measures import expected_calibration_error
from model.training.operating import Scored

Floats = NDArray[np.float64]
_RESAMPLES = 300
_BINS = 10
_RATES = np.geomspace(0.001, 1.0, 120)
_RECALLS = np.linspace(0.0, 1.0, 101)
_LURE, _HONEST, _INK, _GRID = "#b3261e", "#3b6ea5", "#222222", "#dddddd"
_STYLE: Any = {"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "lurewatch"}


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


def learning_figure(curves: dict[str, Sequence[dict[str, Any]]], *, measure: str, label: str) -> str:
    """Draw a measure against the rows learnt from, one line per way of choosing them."""

    def draw(axes: Axes) -> None:
        for number, (name, points) in enumerate(curves.items()):
            color, style = ((_LURE, "-"), (_HONEST, "--"), (_INK, ":"))[number % 3]
            rows = [point["rows"] for point in points]
            values = [point[measure] for point in points]
            axes.plot(rows, values, style, marker="o", markersize=4, color=color, label=name)
            if len(curves) == 1:
                low = [point["least_recall_of_the_draws"] for point in points]
                high = [point["greatest_recall_of_the_draws"] for point in points]
                axes.fill_between(rows, low, high, color=color, alpha=0.15, linewidth=0)
        axes.set(xlabel="labelled rows learnt from", ylabel=label)
        axes.set_ylim(0, 1.3 * max(point[measure] for points in curves.values() for point in points))
        if len(curves) > 1:
            axes.legend(loc="lower right", frameon=False)

    return _image(draw)


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
