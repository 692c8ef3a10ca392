"""The register of data sets: where each came from, under what licence, how many rows, which bytes.

`training_data/sources.csv` has one row per set. Sets whose path lies in the repository are held to their
rows and digest; the others are registered so that an import or a measurement can be held to the same file
later.
"""

import csv
import io
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.training.dataset import ROOT, load_dataset

SOURCES = ROOT / "training_data" / "sources.csv"


@dataclass(frozen=True)
class DataSource:
    """One set, as a row of the register."""

    name: str
    path: str
    """Relative to the repository; empty for a set that is not in it."""
    origin: str
    licence: str
    date: str
    """ISO date on which it was written, imported or registered."""
    rows: int
    sha256: str
    """Of the file; for a folder of batches, of all batches in name order."""
    use: str
    """What it may be used for: `training`, `evaluation`, `experiments`."""


def load_sources(path: Path = SOURCES) -> list[DataSource]:
    """Read the register; raises `InputError` naming the line."""
    names = [field.name for field in fields(DataSource)]
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames != names:
                raise InputError(f"{path.name}:1: columns must be {','.join(names)}")
            found = []
            for row in reader:
                where = f"{path.name}:{reader.line_num}"
                if None in row or not all(isinstance(value, str) for value in row.values()):
                    raise InputError(f"{where}: needs {len(names)} values; quote those with commas")
                if not row["rows"].isdigit() or not row["licence"].strip():
                    raise InputError(
                        f"{where}: needs a count of rows and a licence, `none stated` if there is none"
                    )
                values: dict[str, Any] = {**row, "rows": int(row["rows"])}
                found.append(DataSource(**values))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    return found


def save_sources(sources: list[DataSource], path: Path = SOURCES) -> None:
    """Write the register, sorted by name."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(DataSource)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(source) for source in sorted(sources, key=lambda source: source.name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(stream.getvalue(), "utf-8")


def register_source(source: DataSource, path: Path = SOURCES) -> None:
    """Add a set, or renew the row of the same name."""
    others = [other for other in load_sources(path) if other.name != source.name] if path.is_file() else []
    save_sources([*others, source], path)


def check_sources(path: Path = SOURCES, *, root: Path = ROOT) -> list[str]:
    """Give a fault for each set in the repository whose rows or bytes are not those registered."""
    faults = []
    for source in load_sources(path):
        if not source.path:
            continue
        rows, sha256 = _measure(source, root)
        if (rows, sha256) != (source.rows, source.sha256):
            faults.append(
                f"sources.csv: {source.name} has {source.rows} rows and digest {source.sha256[:12]},"
                f" but {source.path} holds {rows} and {sha256[:12]}; run `lurewatch data sources --write`"
            )
    return faults


def renew_sources(*, on: date, path: Path = SOURCES, root: Path = ROOT) -> list[DataSource]:
    """Count and digest again what lies in the repository; the date changes only where the bytes did."""
    renewed = []
    for source in load_sources(path):
        if source.path:
            rows, sha256 = _measure(source, root)
            if (rows, sha256) != (source.rows, source.sha256):
                source = replace(source, rows=rows, sha256=sha256, date=on.isoformat())  # noqa: PLW2901
        renewed.append(source)
    save_sources(renewed, path)
    return renewed


def _measure(source: DataSource, root: Path) -> tuple[int, str]:
    data = load_dataset([source.path], root=root)
    return len(data.rows), data.digest.removeprefix("sha256:")
