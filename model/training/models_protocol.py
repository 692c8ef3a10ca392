"""Compares detectors on the same rows: grouped folds, languages and batches nobody learnt from, and real adverts.

Every rival sees the same training sides and is measured on the same test sides. Rows of neighbouring deceptions train, as in
the shipped release, and are left out of the figures: flagging one is neither a find nor a false alarm on an honest advert.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.decision import Label, LabelName
from model.training.config import load_config
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fitting import row_weights, split_folds
from model.training.labels_protocol import Folds, left_out_folds
from model.training.materials import Progress, materials_of
from model.training.measures import share_of, threshold_at
from model.training.paired import paired_differences, with_intervals
from model.training.real_protocol import LEGIT_ALLOWED, TWINS_ALLOWED, Case, RealSet, load_real
from model.training.rivals import SHIPPED, Floats, compare_on, task_of
from model.training.slices import source_of
from model.training.versions import config_of


def evaluate_models(
    *, data: Path | None, version: str | None, progress: Progress | None = None
) -> dict[str, Any]:
    """Give the comparison on the training rows and, with a folder of the `real` protocol, on adverts nobody trained on."""
    config_path = config_of(version)
    config = load_config(config_path)
    rows = load_dataset(config.data.labels)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    real = load_real(data) if data is not None else None
    unseen = _as_rows(real) if real is not None else ()
    materials = materials_of((*rows.rows, *unseen), catalogue, names, progress=progress)
    n_rows = len(rows.rows)
    target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)
    weights = row_weights(rows, LabelName.SCAM_CENTRE, config)
    task = task_of(
        materials,
        np.concatenate([target, np.zeros(len(unseen), dtype=np.int_)]),
        np.concatenate([weights, np.ones(len(unseen))]),
        names=names,
        catalogue=catalogue,
        precision=config.fit.precision,
    )
    groups = groups_of(rows.rows)
    sources = np.array([source_of(row) for row in rows.rows])
    splits: dict[str, Folds] = {
        "grouped_folds": list(split_folds(rows, groups, n_folds=config.fit.folds, seed=config.fit.seed)),
        "leave_one_language_out": left_out_folds(rows.languages, groups),
        "leave_one_source_out": left_out_folds(sources, groups),
    }
    result: dict[str, Any] = {
        "_title": "Kinds of detector, on the same rows",
        "rows": n_rows,
        "labels_digest": rows.digest,
        "config": config_path.parent.name,
    }
    for name, folds in splits.items():
        if len(folds) > 1:
            scored = compare_on(task, folds, what=f"fitting, {name.replace('_', ' ')}", progress=progress)
            result[name] = _figures({key: part[:n_rows] for key, part in scored.items()}, rows, groups)
    if real is not None:
        fold = [(np.arange(n_rows), np.arange(n_rows, n_rows + len(unseen)))]
        scored = compare_on(task, fold, what="fitting, for real adverts", progress=progress)
        result["real_adverts"] = {
            name: _real_figures(real, log_odds[n_rows:]) for name, log_odds in scored.items()
        }
    return result


def _figures(scored: dict[str, Floats], rows: Dataset, groups: NDArray[np.int_]) -> dict[str, Any]:
    counted = (rows.labels == LabelName.SCAM_CENTRE) | rows.is_honest
    target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)[counted]
    result: dict[str, Any] = {
        name: {
            **with_intervals(log_odds[counted], target, groups[counted]),
            "lure_outscores_twin": pair_share(rows, log_odds),
        }
        for name, log_odds in scored.items()
    }
    return {
        "figures": result,
        "against_the_shipped_kind": {
            name: _short(
                paired_differences(scored[SHIPPED][counted], log_odds[counted], target, groups[counted])
            )
            for name, log_odds in scored.items()
            if name != SHIPPED
        },
    }


def _short(differences: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{part['difference']:+.3f} [{part['low']:+.3f} to {part['high']:+.3f}]"
        for name, part in differences.items()
    }


def pair_share(rows: Dataset, log_odds: Floats) -> dict[str, float | int]:
    """Give the share of lures that outscore their honest twin; a tie is a loss."""
    place = {row.id: index for index, row in enumerate(rows.rows)}
    wins = [
        log_odds[index] > log_odds[place[row.twin]]
        for index, row in enumerate(rows.rows)
        if row.label is LabelName.SCAM_CENTRE and row.twin in place
    ]
    return share_of(np.array(wins, dtype=bool)).to_json()


def _as_rows(real: RealSet) -> tuple[Label, ...]:
    cases: Sequence[Case] = [*real.positives, *real.twins, *real.negatives, *real.windows]
    return tuple(
        Label(id=case.id, text=case.text, label=LabelName.LEGITIMATE, language=case.language)
        for case in cases
    )


def _real_figures(real: RealSet, log_odds: Floats) -> dict[str, Any]:
    sizes = [len(real.positives), len(real.twins), len(real.negatives), len(real.windows)]
    positives, twins, negatives, windows = np.split(log_odds, np.cumsum(sizes)[:-1])
    threshold = threshold_at(
        [
            (negatives[_legit(real.negatives)], LEGIT_ALLOWED),
            (windows[_legit(real.windows)], LEGIT_ALLOWED),
            (twins, TWINS_ALLOWED),
        ]
    )
    of_lure = dict(zip((case.id for case in real.positives), positives.tolist(), strict=True))
    wins = [
        of_lure[case.facts["of"]] > score
        for case, score in zip(real.twins, twins.tolist(), strict=True)
        if case.facts.get("of") in of_lure
    ]
    found: dict[str, Any] = {}
    for name, in_tier in (
        ("tiers A and B", _tier(real.positives, {"A", "B"}, "rebuilt")),
        ("tier C", _tier(real.positives, {"C"}, "rebuilt")),
        ("extra languages", _tier(real.positives, None, "extra_lang")),
    ):
        groups = [
            str(case.facts.get("group") or case.id)
            for case, chosen in zip(real.positives, in_tier.tolist(), strict=True)
            if chosen
        ]
        found[f"recall, {name}"] = share_of(positives[in_tier] >= threshold, groups).to_json()
    found["lure_outscores_twin"] = share_of(np.array(wins, dtype=bool)).to_json()
    return found


def _legit(cases: Sequence[Case]) -> NDArray[np.bool_]:
    return np.array([case.facts.get("label") == "legit" for case in cases])


def _tier(cases: Sequence[Case], tiers: set[str] | None, kind: str) -> NDArray[np.bool_]:
    return np.array(
        [
            case.facts.get("label") == "scam_centre"
            and str(case.facts.get("set", "rebuilt")) == kind
            and (tiers is None or case.facts.get("tier") in tiers)
            for case in cases
        ]
    )
