"""A release says which batches of labels it learnt from, and its name does not depend on how they are filed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.training.config import CONFIG
from model.training.dataset import load_dataset
from model.training.snapshots import build_snapshot
from model.training.train import labels_named, version_of
from tests.model.training.conftest import make_label


def test_the_manifest_names_every_batch_and_how_many_labels_people_gave(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    authored = write_rows(make_label(1), make_label(2), name="authored.jsonl")
    decided = write_rows(make_label(3, provenance="human", origin="console"), name="console-1.jsonl")
    data = load_dataset([authored, decided])
    manifest = labels_named(data)
    assert [(batch["file"], batch["rows"]) for batch in manifest["label_batches"]] == [
        ("authored.jsonl", 2),
        ("console-1.jsonl", 1),
    ]
    assert manifest["labels_by_provenance"] == {"authored": 2, "human": 1}
    snapshot = build_snapshot([authored, decided], output=tmp_path / "snapshots")
    assert manifest["snapshot"] == snapshot.manifest["version"]
    assert manifest["label_batches"] == snapshot.manifest["label_batches"]


def test_what_a_release_says_of_its_batches_is_no_part_of_its_name(write_rows: Callable[..., Path]) -> None:
    data = load_dataset([write_rows(make_label(1), make_label(2))])
    catalogue = load_catalogue()
    names = column_names(catalogue)
    unfiled = replace(data, files=())
    assert version_of(data, CONFIG, catalogue, names) == version_of(unfiled, CONFIG, catalogue, names)
