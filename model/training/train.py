"""Trains a candidate: labelled rows in, a release folder out. Same rows, same config, same code: same numbers."""

import hashlib
import importlib.metadata
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
from scipy import sparse

from model.errors import InputError
from model.features.columns import Column, ColumnMaker
from model.features.matrix import column_names, to_matrix
from model.features.reading import Reader
from model.indicators.registry import Catalogue, load_catalogue
from model.release import Release, columns_digest, save_release
from model.schema.advert import JobAdvert
from model.schema.decision import Label, LabelName
from model.training.card import write_card
from model.training.config import CONFIG, TrainConfig, load_config
from model.training.dataset import ROOT, Dataset, groups_of, load_dataset
from model.training.fitting import fit_heads
from model.training.summary import summarise
from model.training.versions import CANDIDATES

_CHUNK = 200
_LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "phonenumbers",
    "opencc",
    "langdetect",
    "confusable-homoglyphs",
)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


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
        manifest=_manifest(data, config),
        metrics=metrics,
    )
    folder = (output or CANDIDATES) / version
    save_release(
        folder, release, card=write_card(release, data, config), config=config_path.read_text("utf-8")
    )
    return Trained(version, folder, metrics)


def matrix_of(
    rows: Sequence[Label],
    catalogue: Catalogue,
    names: Sequence[str],
    *,
    progress: Progress | None = None,
    n_jobs: int = -1,
) -> sparse.csr_matrix:
    """Compute the columns of labelled rows, float64 (n_rows, n_columns), in parallel over processes or a Dask cluster."""
    _keep_reader(catalogue)
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    work = [(chunk, catalogue.version) for chunk in chunks]
    done: list[list[list[Column]]] = []
    with _workers(n_jobs if len(chunks) > 1 else 1) as run:
        for part in run(work):
            done.append(part)
            if progress:
                progress("reading adverts", min(len(done) * _CHUNK, len(rows)), len(rows))
    return to_matrix([row for part in done for row in part], names)


_Work = tuple[Sequence[Label], str]


@contextmanager
def _workers(n_jobs: int) -> Iterator[Callable[[Sequence[_Work]], Iterable[list[list[Column]]]]]:
    """Give a map that keeps order: over a Dask cluster where joblib is told so, else over forked processes.

    Forked workers share the reader that was just built; a cluster's workers build their own, once each.
    """
    if "Dask" in type(joblib.parallel.get_active_backend()[0]).__name__:
        parallel = joblib.Parallel(return_as="generator")
        yield lambda work: parallel(joblib.delayed(_columns_of)(item) for item in work)
        return
    n_processes = joblib.cpu_count() if n_jobs < 0 else n_jobs
    if n_processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda work: map(_columns_of, work)
        return
    with multiprocessing.get_context("fork").Pool(n_processes) as pool:
        yield lambda work: pool.imap(_columns_of, work)


_READERS: dict[str, tuple[Reader, ColumnMaker]] = {}
"""One reader per process, by catalogue version: building it takes longer than reading a chunk."""


def _keep_reader(catalogue: Catalogue) -> None:
    if catalogue.version not in _READERS:
        _READERS.clear()
        _READERS[catalogue.version] = (Reader(catalogue), ColumnMaker(catalogue))


def _columns_of(work: _Work) -> list[list[Column]]:
    rows, version = work
    if version not in _READERS:
        _keep_reader(load_catalogue())
    reader, maker = _READERS[version]
    return [maker.columns(reader.read(advert_of(row))) for row in rows]


def advert_of(row: Label) -> JobAdvert:
    """Give a labelled row as the advert it was."""
    return JobAdvert(id=row.id, title=row.title, description=row.text)


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


def _manifest(data: Dataset, config: TrainConfig) -> dict[str, Any]:
    return {
        "labels_digest": data.digest,
        "rows": len(data.rows),
        "labels_count": dict(sorted(Counter(str(row.label) for row in data.rows).items())),
        "base_rate": config.calibration.base_rate,
        "seed": config.fit.seed,
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }
