"""A snapshot of the labelled rows as one Parquet file with a manifest, and rows out of it again.

The version is a digest of the rows: the same rows give the same version on every machine. Rows whose labels
contradict each other are listed in the manifest and kept out, both of them: a person decides, an average
would hide it.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from model.errors import InputError, ReleaseError
from model.schema.decision import Label
from model.training.checks import find_conflicts
from model.training.config import load_config
from model.training.dataset import ROOT, Dataset, groups_of, load_dataset, snapshot_version
from model.training.importing import digest_of, mask_contacts, save_labels

SNAPSHOTS = ROOT / "var" / "snapshots"
_ROWS, _MANIFEST = "labels.parquet", "manifest.json"
_SCHEMA = pa.schema([*((name, pa.string()) for name in Label.model_fields), ("group", pa.int64())])


@dataclass(frozen=True)
class Snapshot:
    """A snapshot on disk."""

    folder: Path
    manifest: dict[str, Any]


def build_snapshot(files: list[Path] | None, *, output: Path = SNAPSHOTS) -> Snapshot:
    """Write rows of label files under `output`/<version>, the configured ones for None."""
    sources = load_config().data.labels if files is None else tuple(str(file.absolute()) for file in files)
    data = load_dataset(sources)
    conflicts, _ = find_conflicts(data.rows)
    contradicted = {key for conflict in conflicts for key in (conflict["a"], conflict["b"])}
    kept = tuple(row for row in data.rows if row.id not in contradicted)
    if not kept:
        raise InputError(
            "every row contradicts another; decide the conflicts that `lurewatch data check` lists"
        )
    version = snapshot_version(kept)
    folder = output / version
    folder.mkdir(parents=True, exist_ok=True)
    groups = groups_of(kept)
    rows = [{**row.to_json(), "group": group} for row, group in zip(kept, groups.tolist(), strict=True)]
    parquet.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / _ROWS, compression="zstd")
    manifest = {
        "version": version,
        "rows": len(kept),
        "sha256": digest_of(folder / _ROWS),
        "labels_digest": data.digest,
        "label_batches": [file.to_json() for file in data.files],
        "by_label": _count(kept, "label"),
        "by_language": _count(kept, "language"),
        "by_provenance": _count(kept, "provenance"),
        "by_origin": _count(kept, "origin"),
        "groups": len(set(groups.tolist())),
        "conflicts": conflicts,
        "rows_kept_out": sorted(contradicted),
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return Snapshot(folder, manifest)


def load_snapshot(folder: Path) -> Dataset:
    """Read a snapshot; raises `ReleaseError` when its bytes are not those of its manifest."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: is no snapshot ({error}); `lurewatch data build` makes one") from error
    if digest_of(folder / _ROWS) != manifest["sha256"]:
        raise ReleaseError(f"{folder / _ROWS}: is not the file its manifest names; build the snapshot again")
    table = parquet.read_table(folder / _ROWS).drop_columns(["group"])
    rows = tuple(
        Label.model_validate({key: value for key, value in row.items() if value is not None})
        for row in table.to_pylist()
    )
    return Dataset(rows, str(manifest["labels_digest"]))


def export_rows(rows: Sequence[Label], path: Path, *, masked: bool = True) -> int:
    """Write rows as .jsonl, .csv or .parquet, contacts masked by default, and give their count."""
    chosen = [
        row.model_copy(
            update={"text": mask_contacts(row.text), "title": row.title and mask_contacts(row.title)}
        )
        if masked
        else row
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        save_labels(path, chosen)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(Label.model_fields), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row.to_json() for row in chosen)
    elif path.suffix == ".parquet":
        table = pa.Table.from_pylist(
            [row.to_json() for row in chosen], schema=_SCHEMA.remove(len(_SCHEMA) - 1)
        )
        parquet.write_table(table, path, compression="zstd")
    else:
        raise InputError(f"{path.name}: end it in .jsonl, .csv or .parquet")
    return len(chosen)


def _count(rows: Sequence[Label], field: str) -> dict[str, int]:
    return dict(sorted(Counter(str(getattr(row, field)) for row in rows).items()))
