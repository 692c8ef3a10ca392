"""Labelled adverts that are valid by default; a test names only what matters to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.schema.decision import Label
from model.training.dataset import Dataset

PLACES = ("Lisbon", "Porto", "Hue", "Cebu", "Pune", "Accra", "Lima", "Kyoto", "Osh", "Izmir")
ROLES = ("baker", "driver", "welder", "nurse", "cook", "tailor", "gardener", "typist", "porter", "teacher")


def make_label(number: int, **fields: Any) -> Label:
    """Give a row whose words no other number has."""
    text = f"{ROLES[number % 10]} wanted in {PLACES[number // 10 % 10]}, shift {number}"
    row = {"id": f"row-{number}", "text": text, "label": "legitimate", "language": "en"}
    return Label.model_validate({**row, **fields})


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes rows to a label file."""

    def write(*rows: Label, name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(row.to_line() + "\n" for row in rows), "utf-8")
        return path

    return write


@pytest.fixture
def data_of() -> Callable[..., Dataset]:
    """Give a function that makes a dataset of rows without a file."""
    return lambda *rows: Dataset(rows, "sha256:0")
