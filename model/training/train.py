"""Trains a candidate: labelled rows in, a release folder out. Same rows, same config, same code: same numbers."""

import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.features.matrix import column_names
from model.indicators.registry import Catalogue, load_catalogue
from model.release import Release, columns_digest, save_release
from model.schema.decision import LabelName
from model.training.card import write_card
from model.training.config import CONFIG, TrainConfig, load_config
from model.training.dataset import ROOT, Dataset, groups_of, load_dataset, snapshot_version
from model.training.fitting import fit_heads
from model.training.learning import learnt_from, signs_of
from model.training.materials import LIBRARIES, Progress, matrix_of
from model.training.scores import save_scores, scores_of
from model.training.summary import summarise
from model.training.versions import CANDIDATES


@dataclass(frozen=True)
class Trained:
    """A candidate on disk and what was measured on the way."""

    version: str
    folder: Path
    metrics: dict[str, Any]


def train(
    *,
    config_path: Path = CONFIG,
    output: Path | None = None,
    root: Path = ROOT,
    progress: Progress | None = None,
    n_jobs: int = -1,
) -> Trained:
    """Train from a config file and save the candidate under `output`/<version>; raises `InputError` or `CatalogueError`."""
    config = load_config(config_path)
    data = load_dataset(config.data.labels, root=root)
    if not {LabelName.SCAM_CENTRE, LabelName.LEGITIMATE} <= set(data.labels.tolist()):
        raise InputError(
            "training needs rows labelled scam_centre and rows labelled legitimate; see training_data/README.md"
        )
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(data.rows, catalogue, names, progress=progress, n_jobs=n_jobs)
    groups = groups_of(data.rows)
    fitted = fit_heads(matrix, data, groups, names, catalogue, config)
    metrics = summarise(data, groups, fitted)
    version = version_of(data, config_path, catalogue, names)
    release = Release(
        version=version,
        columns=names,
        heads=fitted.heads,
        thresholds=fitted.thresholds,
        catalogue=catalogue,
        manifest=_manifest(data, config, signs_of(matrix, names)),
        metrics=metrics,
    )
    folder = (output or CANDIDATES) / version
    save_release(
        folder, release, card=write_card(release, data, config), config=config_path.read_text("utf-8")
    )
    save_scores(folder, scores_of(data, groups, fitted, version))
    return Trained(version, folder, metrics)


def version_of(data: Dataset, config_path: Path, catalogue: Catalogue, names: Sequence[str]) -> str:
    """Name a release by what decides it: labels, configuration, catalogue, columns."""
    digest = hashlib.sha256()
    for part in (
        data.digest,
        config_path.read_text("utf-8"),
        catalogue.version,
        columns_digest(tuple(names)),
    ):
        digest.update(part.encode())
    return "r" + digest.hexdigest()[:12]


def labels_named(data: Dataset) -> dict[str, Any]:
    """Say which batches the rows came in, how many are people's decisions, and what a snapshot of them is called.

    For the manifest only: how rows are filed decides no score, so it is no part of the version.
    """
    return {
        "label_batches": [file.to_json() for file in data.files],
        "labels_by_provenance": dict(sorted(Counter(str(row.provenance) for row in data.rows).items())),
        "snapshot": snapshot_version(data.rows),
    }


def _manifest(data: Dataset, config: TrainConfig, signs: Sequence[frozenset[str]]) -> dict[str, Any]:
    taught = learnt_from(data.languages.tolist(), signs)
    return {
        "learnt_from": {"languages": dict(taught.languages), "signs": dict(taught.signs)},
        "labels_digest": data.digest,
        **labels_named(data),
        "rows": len(data.rows),
        "labels_count": dict(sorted(Counter(str(row.label) for row in data.rows).items())),
        "base_rate": config.calibration.base_rate,
        "seed": config.fit.seed,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
