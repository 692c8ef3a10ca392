"""Labelled adverts from files: read strictly, digested, grouped so that no split can leak."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from model.campaigns.grouping import group_texts
from model.errors import InputError
from model.schema.decision import Label

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class LabelFile:
    """One file of labels, by its very bytes: a batch that the service exported is told by its digest."""

    name: str
    sha256: str
    n_rows: int

    def to_json(self) -> dict[str, str | int]:
        """Give it as a manifest names it."""
        return {"file": self.name, "sha256": self.sha256, "rows": self.n_rows}


@dataclass(frozen=True)
class Dataset:
    """Rows in a fixed order, with the digest of the bytes they came from."""

    rows: tuple[Label, ...]
    digest: str
    files: tuple[LabelFile, ...] = ()
    """What they were read from, in order."""

    @property
    def labels(self) -> NDArray[np.str_]:
        """The label of each row, shape (n_rows,)."""
        return np.array([row.label for row in self.rows])

    @property
    def languages(self) -> NDArray[np.str_]:
        """The language of each row, shape (n_rows,)."""
        return np.array([row.language for row in self.rows])

    @property
    def is_honest(self) -> NDArray[np.bool_]:
        """Rows that must not be flagged, shape (n_rows,)."""
        return np.isin(self.labels, ["legitimate", "not_an_advert"])


def load_dataset(sources: Iterable[str | Path], *, root: Path = ROOT) -> Dataset:
    """Read label files; raises `InputError` naming file, line and remedy for the first bad row."""
    rows: list[Label] = []
    seen: dict[str, str] = {}
    files: list[LabelFile] = []
    digest = hashlib.sha256()
    for path in _files(sources, root):
        content = path.read_bytes()
        digest.update(content)
        n_before = len(rows)
        for number, line in enumerate(content.splitlines(), 1):
            if not line.strip():
                continue
            where = f"{path.name}:{number}"
            try:
                row = Label.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(map(str, first["loc"])) or "the line"
                raise InputError(f"{where}: {field}: {first['msg']}; mend the row or leave it out") from error
            if row.id in seen:
                raise InputError(
                    f"{where}: id {row.id!r} stands in {seen[row.id]} already; give it one of its own"
                )
            seen[row.id] = where
            rows.append(row)
        files.append(LabelFile(path.name, hashlib.sha256(content).hexdigest(), len(rows) - n_before))
    if not rows:
        raise InputError("no labelled rows found; point [data] labels at a folder of *.jsonl batches")
    return Dataset(tuple(rows), "sha256:" + digest.hexdigest(), tuple(files))


def _files(sources: Iterable[str | Path], root: Path) -> list[Path]:
    files: list[Path] = []
    for source in sources:
        path = root / source
        if path.is_dir():
            files.extend(sorted(path.glob("*.jsonl")))
        elif path.is_file():
            files.append(path)
        else:
            raise InputError(f"{source}: no such file or folder of labels")
    return files


def snapshot_version(rows: Sequence[Label]) -> str:
    """Name rows by what they say: the same rows have the same name on every machine."""
    return "d" + hashlib.sha256("\n".join(row.to_line() for row in rows).encode()).hexdigest()[:12]


def groups_of(rows: Sequence[Label]) -> NDArray[np.int_]:
    """Give each row its group, shape (n_rows,): twins, campaigns, employers and near-identical texts stay together.

    A split by these groups cannot show the test side a text, a template, a recruiter or a contrast pair that training saw.
    """
    links = _Union(len(rows))
    by_key: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        keys = [
            ("id", row.id),
            ("id", row.twin or ""),
            ("campaign", row.campaign or ""),
            ("employer", row.employer or ""),
        ]
        for key in keys:
            if key[1]:
                links.join(index, by_key.setdefault(key, index))
    for members in group_texts([row.text for row in rows]):
        for member in members[1:]:
            links.join(members[0], member)
    return np.array([links.root(index) for index in range(len(rows))])


class _Union:
    """Disjoint sets, smallest index as the root."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def join(self, a: int, b: int) -> None:
        first, second = sorted((self.root(a), self.root(b)))
        self._parent[second] = first
