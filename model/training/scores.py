"""Out-of-fold scores of every training row, kept beside a candidate so that two of them can be compared row by row.

Kept as plain arrays in `out_of_fold.npz`. A release from before that is fitted again from its own configuration, on the rows and
with the code at hand: good for asking what another configuration does, not for asking what old code did.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import ReleaseError
from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.release import load_release
from model.schema.decision import LabelName
from model.training.config import CONFIG, load_config
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fitting import Fitted, fit_heads
from model.training.materials import Progress, matrix_of

SCORES = "out_of_fold.npz"
BANDS = ("low", "not_an_advert", "review", "high")
FLAGGED = ("review", "high")
"""The bands in which somebody acts on an advert."""


@dataclass(frozen=True)
class RowScores:
    """What one release said of each training row when it had not seen it."""

    version: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    twins: tuple[str, ...]
    """Id of the honest twin, or nothing."""
    groups: NDArray[np.int_]
    log_odds: NDArray[np.float64]
    """Calibrated log-odds of scam-centre recruitment."""
    stance: NDArray[np.float64]
    """Calibrated log-odds of being no advert; minus infinity where the release has no such head."""
    thresholds: dict[str, float]
    refitted: bool = False

    @property
    def bands(self) -> list[str]:
        """The band of each row at the release's own thresholds."""
        score, stance = (1 / (1 + np.exp(-values)) for values in (self.log_odds, self.stance))
        return [
            "not_an_advert"
            if none >= self.thresholds["not_an_advert"]
            else "high"
            if value >= self.thresholds["high"]
            else "review"
            if value >= self.thresholds["review"]
            else "low"
            for value, none in zip(score.tolist(), stance.tolist(), strict=True)
        ]


def scores_of(data: Dataset, groups: NDArray[np.int_], fitted: Fitted, version: str) -> RowScores:
    """Give the scores of a fit by row."""
    nothing = np.full(len(data.rows), -np.inf)
    return RowScores(
        version=version,
        ids=tuple(row.id for row in data.rows),
        labels=tuple(str(row.label) for row in data.rows),
        twins=tuple(row.twin or "" for row in data.rows),
        groups=groups,
        log_odds=fitted.out_of_fold[LabelName.SCAM_CENTRE],
        stance=fitted.out_of_fold.get(LabelName.NOT_AN_ADVERT, nothing),
        thresholds=fitted.thresholds,
    )


def shared_rows(first: RowScores, second: RowScores) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Give the places in both of the adverts that both know, in the second's order; empty when there are none."""
    at = {key: row for row, key in enumerate(first.ids)}
    places = [(at[key], row) for row, key in enumerate(second.ids) if key in at]
    before, after = np.array(places, dtype=np.int_).reshape(-1, 2).T
    return before, after


def save_scores(folder: Path, scores: RowScores) -> None:
    """Write the scores beside a release."""
    np.savez_compressed(
        folder / SCORES,
        allow_pickle=False,
        ids=np.array(scores.ids),
        labels=np.array(scores.labels),
        twins=np.array(scores.twins),
        groups=scores.groups,
        log_odds=scores.log_odds,
        stance=scores.stance,
    )


def load_scores(folder: Path, *, progress: Progress | None = None) -> RowScores:
    """Read the scores of a release, or fit them again where it has none; raises `ReleaseError` for a damaged file."""
    release = load_release(folder.name, folder.parent)
    path = folder / SCORES
    if not path.is_file():
        return _refitted(folder, release.version, progress)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return RowScores(
                version=release.version,
                ids=tuple(arrays["ids"].tolist()),
                labels=tuple(arrays["labels"].tolist()),
                twins=tuple(arrays["twins"].tolist()),
                groups=arrays["groups"],
                log_odds=arrays["log_odds"],
                stance=arrays["stance"],
                thresholds=release.thresholds,
            )
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ReleaseError(
            f"{folder.name}/{SCORES}: cannot be read ({error}); delete it to have it fitted again"
        ) from error


def _refitted(folder: Path, version: str, progress: Progress | None) -> RowScores:
    path = folder / "config.toml"
    config = load_config(path if path.is_file() else CONFIG)
    data = load_dataset(config.data.labels)
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(data.rows, catalogue, names, progress=progress)
    groups = groups_of(data.rows)
    fitted = fit_heads(matrix, data, groups, names, catalogue, config)
    found = scores_of(data, groups, fitted, version)
    return RowScores(**{**found.__dict__, "refitted": True})
