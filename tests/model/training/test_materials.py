import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.features.matrix import column_names
from model.indicators.registry import Catalogue, load_catalogue
from model.schema.decision import Label
from model.training import materials
from model.training.dataset import ROOT
from model.training.materials import Materials, materials_of

TEXT = "Chat work in Poipet, 2500 USD a month, flight paid, write @example_hr or call 0900 000 000"


def row(number: int, text: str) -> Label:
    return Label.model_validate({"id": f"r{number}", "text": text, "label": "scam_centre", "language": "en"})


ROWS = tuple(row(number, f"{TEXT} ref {number}") for number in range(3))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def no_reader() -> Iterator[None]:
    kept = dict(materials._READERS)
    materials._READERS.clear()
    yield
    materials._READERS.update(kept)


def read(catalogue: Catalogue, rows: tuple[Label, ...], cache: Path | None) -> Materials:
    return materials_of(rows, catalogue, column_names(catalogue), n_jobs=1, cache=cache)


@pytest.mark.usefixtures("no_reader")
def test_what_was_read_is_not_read_again(catalogue: Catalogue, tmp_path: Path) -> None:
    first = read(catalogue, ROWS, tmp_path)
    assert materials._READERS
    materials._READERS.clear()
    second = read(catalogue, ROWS, tmp_path)
    assert not materials._READERS
    assert (first.matrix != second.matrix).nnz == 0
    assert first.matrix.nnz > 0
    assert first.masked == second.masked


@pytest.mark.usefixtures("no_reader")
def test_another_text_is_read_anew(catalogue: Catalogue, tmp_path: Path) -> None:
    read(catalogue, ROWS, tmp_path)
    changed = (*ROWS[:2], row(2, "Baker wanted in Lisbon"))
    found = read(catalogue, changed, tmp_path)
    assert (found.matrix[2] != read(catalogue, ROWS, None).matrix[2]).nnz > 0


def test_the_state_changes_with_the_catalogue() -> None:
    assert materials.reading_state("a") != materials.reading_state("b")


def test_masked_text_holds_no_contact_no_place_no_amount(catalogue: Catalogue) -> None:
    masked = read(catalogue, ROWS[:1], None).masked[0]
    assert "chat work" in masked
    for said in ("example_hr", "poipet", "2500", "0900", "usd"):
        assert said not in masked.lower()
    for kind in ("placename", "payamount", "telegramcontact"):
        assert kind in masked or kind == "telegramcontact"


CLUSTER = """
from pathlib import Path
import joblib, sys
import numpy as np
from distributed import Client, LocalCluster
from model.classifier.logistic import PriorLogisticRegression
from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.decision import Label
from model.training.fitting import out_of_fold_log_odds
from model.training.materials import materials_of

def fitted_on(matrix, rows):
    target = np.arange(len(rows)) % 2
    folds = [(np.arange(0, 300), np.arange(300, 450)), (np.arange(150, 450), np.arange(150))]
    new = lambda: PriorLogisticRegression(precision=1.0)
    return out_of_fold_log_odds(new, matrix, target, np.ones(len(rows)), folds)

if __name__ == "__main__":
    rows = [Label(id=str(i), text=f"Chat work in Poipet, 2500 USD a month, flight paid, ref {i}", label="scam_centre", language="en")
            for i in range(450)]
    catalogue = load_catalogue()
    names = column_names(catalogue)
    here = materials_of(rows, catalogue, names, n_jobs=1, cache=None)
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster, Client(cluster):
        with joblib.parallel_config(backend="dask"):
            there = materials_of(rows, catalogue, names, cache=Path(sys.argv[1]))
            log_odds = fitted_on(here.matrix, rows)
    assert np.allclose(log_odds, fitted_on(here.matrix, rows))
    print((here.matrix != there.matrix).nnz, here.masked == there.masked, here.matrix.nnz > 0)
"""


def test_a_dask_cluster_reads_and_fits_the_same(tmp_path: Path) -> None:
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER, "utf-8")
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(script), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split() == ["0", "True", "True"], done.stderr[-2000:]
