"""Reads the Employment Scam Aegean Dataset and says which rows share a company, a text or a template.

A fraudster's campaign repeats a company profile, a description, a list of requirements; under a random
split the test side has mostly been seen already. Groups join rows that share any of these exactly or
nearly, and, where identity codes of all 17,880 rows lie beside the file, rows linked through rows whose
text is not here.
"""

import csv
import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from model.campaigns.grouping import group_texts
from model.errors import InputError

FULL_FRAUDS, FULL_LEGITIMATE = 866, 17_014
"""What the whole set holds; a part of it is weighted back to these."""
CODES = "emscad_full_17880_identity_codes.csv"
TEXT_FIELDS = ("title", "company_profile", "description", "requirements", "benefits")
CATEGORIES = (
    "employment_type",
    "required_experience",
    "required_education",
    "industry",
    "function",
    "department",
)
FLAGS = ("telecommuting", "has_company_logo", "has_questions")
_NEEDED = ("job_id", *TEXT_FIELDS, *CATEGORIES, *FLAGS, "location", "salary_range", "fraudulent")
_LINKED_EXACTLY = ("company_profile", "description", "requirements", "benefits")
_LEAST_LINKING = 60
"""Shorter texts ("Bachelor's degree", "Competitive salary") are anybody's."""
_ALIKE = {"description": 0.5, "requirements": 0.8, "benefits": 0.8}
_HASHED = re.compile(r"#(URL|EMAIL|PHONE)_[0-9a-f]{64}#")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_LOOSE = re.compile(r"(?<=[a-z.!?:;,)])(?=[A-Z])")
"""Where the publishers dropped a line break between two sentences."""


@dataclass(frozen=True)
class Emscad:
    """Rows as published, with target, weights and groups."""

    rows: tuple[dict[str, str], ...]
    target: NDArray[np.int_]
    """1 for fraudulent, shape (n_rows,)."""
    weights: NDArray[np.float64]
    """Brings the two classes back to their shares in the whole set, shape (n_rows,)."""
    groups: NDArray[np.int_]
    """Rows that share a company, a text or a template, shape (n_rows,)."""
    digest: str


def load_emscad(path: Path) -> Emscad:
    """Read the CSV of the set or of a part of it; raises `InputError` naming what is missing."""
    rows = read_rows(path)
    target = np.array([int(row["fraudulent"]) for row in rows])
    if not 0 < target.sum() < len(target):
        raise InputError(f"{path}: needs both fraudulent and legitimate rows")
    per_class = np.array([FULL_LEGITIMATE / (target == 0).sum(), FULL_FRAUDS / (target == 1).sum()])
    weights: NDArray[np.float64] = per_class[target] / per_class[1]
    codes = path.with_name(CODES)
    linked = read_rows(codes, needed=("job_id", *_LINKED_EXACTLY)) if codes.is_file() else []
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    return Emscad(tuple(rows), target, weights, group_rows(rows, linked), digest)


def read_rows(path: Path, *, needed: Sequence[str] = _NEEDED) -> list[dict[str, str]]:
    """Read a CSV with these columns, values stripped; raises `InputError`."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = sorted(set(needed) - set(reader.fieldnames or ()))
            if missing:
                raise InputError(
                    f"{path}: has no column {', '.join(missing)}; give the EMSCAD file in its Kaggle form"
                )
            return [{name: (row[name] or "").strip() for name in needed} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from error


def group_rows(rows: Sequence[dict[str, str]], codes: Sequence[dict[str, str]] = ()) -> NDArray[np.int_]:
    """Give each row its group, shape (n_rows,): (nearly) the same texts, directly or through rows between."""
    graph: nx.Graph[int | str] = nx.Graph()
    graph.add_nodes_from(range(len(rows)))
    for field in _LINKED_EXACTLY:
        for members in _same((row[field].lower() for row in rows), least=_LEAST_LINKING):
            nx.add_path(graph, members)
    for field, alike in _ALIKE.items():
        chosen = [i for i, row in enumerate(rows) if len(row[field]) >= _LEAST_LINKING]
        for members in group_texts([rows[i][field] for i in chosen], alike=alike):
            nx.add_path(graph, [chosen[i] for i in members])
    _link_through_codes(graph, rows, codes)
    groups = np.zeros(len(rows), dtype=np.int_)
    for component in nx.connected_components(graph):
        members = [node for node in component if isinstance(node, int)]
        groups[members] = min(members, default=0)
    return groups


def _same(values: Iterable[str], *, least: int = 1) -> list[list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for index, value in enumerate(values):
        if len(value) >= least:
            places[value].append(index)
    return [members for members in places.values() if len(members) > 1]


def _link_through_codes(
    graph: "nx.Graph[int | str]", rows: Sequence[dict[str, str]], codes: Sequence[dict[str, str]]
) -> None:
    """Add rows known by code only; codes of empty and short texts, known from rows at hand, link nothing."""
    if not codes:
        return
    index = {row["job_id"]: i for i, row in enumerate(rows)}
    for field in ("company_profile", "description", "requirements"):
        short = {
            code[field]
            for code in codes
            if code["job_id"] in index and len(rows[index[code["job_id"]]][field]) < _LEAST_LINKING
        }
        for code in codes:
            if code[field] not in short:
                node = index.get(code["job_id"], "job " + code["job_id"])
                graph.add_edge(node, f"{field} {code[field]}")


def masked_text(value: str) -> str:
    """Give a field with links, addresses and numbers replaced by their kind: nothing names a campaign."""
    value = _HASHED.sub(lambda match: f" zz{match[1].lower()} ", value)
    return _DIGITS.sub(" 0 ", _LOOSE.sub(" ", value))


def whole_text(row: dict[str, str]) -> str:
    """Give all words of a row, as the published baselines read them."""
    return "\n".join(row[field] for field in TEXT_FIELDS if row[field])


def metadata_of(rows: Sequence[dict[str, str]]) -> tuple[NDArray[np.float64], list[bool]]:
    """Give (n_rows, n_columns) of what stands around the words, and which are categories (-1 is missing)."""
    numbers = np.array([_numbers(row) for row in rows], dtype=np.float64)
    categories = np.column_stack([_coded([row[name] for row in rows]) for name in CATEGORIES[:-1]])
    country = _coded([row["location"].split(",")[0].strip() for row in rows])
    matrix = np.column_stack([numbers, categories, country])
    return matrix, [i >= numbers.shape[1] for i in range(matrix.shape[1])]


def _numbers(row: dict[str, str]) -> list[float]:
    place = [part.strip() for part in row["location"].split(",")]
    low, high = _salary(row["salary_range"])
    found = [float(row[name] or 0) for name in FLAGS]
    found += [float(not row[name]) for name in (*TEXT_FIELDS[1:], *CATEGORIES, "location", "salary_range")]
    for name in TEXT_FIELDS:
        text = row[name]
        letters = max(1, sum(c.isalpha() for c in text))
        found += [
            math.log1p(len(text)),
            math.log1p(len(text.split())),
            sum(c.isupper() for c in text) / letters,
            float(text.count("!")),
            float(len(_DIGITS.findall(_HASHED.sub(" ", text)))),
        ]
    whole = whole_text(row)
    found += [float(whole.count(f"#{kind}_")) for kind in ("URL", "EMAIL", "PHONE")]
    found += [float(whole.count("$")), float(whole.count("\u2022") + whole.count("*"))]
    found += [float(len(place) > n and bool(place[n])) for n in (1, 2)]
    return [*found, math.log1p(low), math.log1p(high), math.log1p(high - low) if high > low else 0.0]


def _salary(value: str) -> tuple[float, float]:
    amounts = [float(part) for part in value.split("-") if part.strip().isdigit()]
    return (min(amounts), max(amounts)) if amounts else (0.0, 0.0)


_MOST_CATEGORIES = 60
"""The rarer ones count as one: a category of two rows is a name."""


def _coded(values: Sequence[str]) -> NDArray[np.float64]:
    names, counts = np.unique(np.array([value for value in values if value] or [""]), return_counts=True)
    ranked = names[np.argsort(-counts, kind="stable")][:_MOST_CATEGORIES].tolist()
    place = {name: float(i) for i, name in enumerate(ranked)}
    return np.array([place.get(value, float(len(place))) if value else -1.0 for value in values])
