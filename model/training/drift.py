"""How far a set of adverts lies from the rows training saw: what is found in them, how they are written, in what language.

One figure says whether there is a difference at all: how well a model tells the two sets apart from the detector's own columns,
on rows it had not seen (a classifier two-sample test, Lopez-Paz and Oquab 2017). The tables say where it lies. The population
stability index is the usual one: under 0.1 nothing happened, over 0.25 look closer.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from model.errors import InputError
from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.advert import read_advert
from model.schema.decision import Label, LabelName
from model.training.config import load_config
from model.training.dataset import load_dataset
from model.training.materials import Materials, Progress, materials_of
from model.training.probes import style_of
from model.training.versions import config_of, load_assessor

Floats = NDArray[np.float64]
_FOLDS = 5
LEAST_DRIFT = 30
_MOST_ROWS = 20
_BINS = 10
_STYLE = ("length", "lines", "!", "?", "emoji per letter", "emoji", "digits", "capitals", "marks", "bullets")


def evaluate_drift(
    *, data: Path | None, version: str | None, progress: Progress | None = None
) -> dict[str, Any]:
    """Compare a file of adverts (JSON lines, as `lurewatch score` takes them) with the rows a release was trained on."""
    if data is None:
        raise InputError("--protocol drift needs --data: a file of adverts, one JSON object a line")
    config = load_config(config_of(version))
    rows = load_dataset(config.data.labels).rows
    adverts = _rows_of(data)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    both = materials_of((*rows, *adverts), catalogue, names, progress=progress)
    assessor = load_assessor(version)
    head = assessor.release.heads[LabelName.SCAM_CENTRE]
    scores = (
        np.asarray(both.matrix @ head.weights) + head.intercept
        if tuple(names) == assessor.release.columns
        else None
    )
    return {
        "_title": "Drift: new adverts against the training rows",
        "model_version": assessor.model_version,
        "file": data.name,
        "drift": drift_of(both, len(rows), (*rows, *adverts), names, scores),
    }


def _rows_of(path: Path) -> tuple[Label, ...]:
    """Read adverts as rows without a label that means anything."""
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            advert, _ = read_advert(json.loads(line))
        except (ValueError, ValidationError, RecursionError) as error:
            raise InputError(f"{path.name}:{number}: is no advert; mend the line or leave it out") from error
        text = advert.description or advert.title or ""
        title = advert.title if advert.description else None
        found.append(
            Label(
                id=f"{path.name}:{number}",
                title=title,
                text=text,
                label=LabelName.LEGITIMATE,
                language=advert.language or "und",
            )
        )
    return tuple(found)


def drift_of(
    both: Materials,
    n_training: int,
    rows: Sequence[Label],
    names: Sequence[str],
    scores: Floats | None = None,
) -> dict[str, Any]:
    """Compare rows from `n_training` on with those before; raises `InputError` when a side has too few to say anything."""
    n_new = len(rows) - n_training
    if min(n_training, n_new) < LEAST_DRIFT:
        raise InputError(
            f"drift needs {LEAST_DRIFT} adverts on either side; there are {n_training} and {n_new}"
        )
    style = np.array([style_of(row.text) for row in rows])
    is_new = np.arange(len(rows)) >= n_training
    found: dict[str, Any] = {
        "training_rows": n_training,
        "new_adverts": n_new,
        "told_apart_by_what_is_found_auc": _told_apart(both.matrix, is_new),
        "told_apart_by_style_auc": _told_apart(sparse.csr_matrix(_standard(style)), is_new),
    }
    if scores is not None:
        found["stability_index_of_the_score"] = stability_index(scores[~is_new], scores[is_new])
    found["stability_index_by_style"] = {
        name: stability_index(style[~is_new, i], style[is_new, i]) for i, name in enumerate(_STYLE)
    }
    found["languages_share"] = _languages(both.languages, n_training)
    found["columns_that_moved_most"] = _columns(both.matrix, is_new, names)
    return found


def stability_index(before: Floats, after: Floats) -> float:
    """Give the population stability index over tenths of `before`; shares of nothing count as half a row."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = []
    for values in (before, after):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        shares.append(np.maximum(counts, 0.5) / len(values))
    first, last = shares
    return round(float(np.sum((last - first) * np.log(last / first))), 3)


def _told_apart(matrix: sparse.csr_matrix, is_new: NDArray[np.bool_]) -> float:
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    model = LogisticRegression(C=0.3, max_iter=500, class_weight="balanced")
    with threadpool_limits(1):
        log_odds = cross_val_predict(model, matrix, is_new, cv=folds, method="decision_function")
    return round(float(roc_auc_score(is_new, log_odds)), 3)


def _standard(values: Floats) -> Floats:
    logs = np.log1p(values)
    spread: Floats = (logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-9)
    return spread


def _languages(languages: Sequence[str], n_training: int) -> dict[str, dict[str, float]]:
    before, after = Counter(languages[:n_training]), Counter(languages[n_training:])
    n_new = len(languages) - n_training
    shares = {
        key: {"training": round(before[key] / n_training, 4), "new": round(after[key] / n_new, 4)}
        for key in before | after
    }
    ranked = sorted(shares, key=lambda key: (-abs(shares[key]["new"] - shares[key]["training"]), key))
    return {key: shares[key] for key in ranked[:_MOST_ROWS]}


def _columns(
    matrix: sparse.csr_matrix, is_new: NDArray[np.bool_], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Give how often columns are found in either set, most different first (difference over its standard error)."""
    present = matrix != 0
    before, after = (np.asarray(present[side].mean(axis=0)).ravel() for side in (~is_new, is_new))
    pooled = np.asarray(present.mean(axis=0)).ravel()
    error = np.sqrt(pooled * (1 - pooled) * (1 / (~is_new).sum() + 1 / is_new.sum()))
    distance = (after - before) / np.maximum(error, 1e-9)
    ranked = np.argsort(-np.abs(distance), kind="stable")[:_MOST_ROWS]
    return {
        names[i]: {
            "training": round(float(before[i]), 4),
            "new": round(float(after[i]), 4),
            "standard_errors": round(float(distance[i]), 1),
        }
        for i in ranked.tolist()
    }
