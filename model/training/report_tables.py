"""Figures as tables: shares with intervals and counts, measures over folds, matrices, and whatever is left.

A figure that fits no shape is shown all the same, by its own name.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from babel import Locale
from scipy.stats import beta

from model.training.printing import words_of

FEW = 20
"""A share of fewer cases than this says little; it is shown and marked."""
_WIDEST = 6
"""More columns of shares than this read better one below the other."""
_NAMES = Locale("en").languages


@dataclass(frozen=True)
class Cell:
    """One cell: text, or a share that is drawn with its interval."""

    text: str
    share: dict[str, Any] | None = None
    is_number: bool = False
    small: str = ""
    """A second line, set small."""


@dataclass(frozen=True)
class Table:
    """Rows under a heading."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def has_few(self) -> bool:
        """Whether a row rests on fewer cases than can carry it."""
        return any(cell.share is not None and cell.share["n"] < FEW for row in self.rows for cell in row)


def tables_of(title: str, value: dict[str, Any]) -> Iterator[Table]:
    """Turn nested figures into tables: shares, repeated measures, matrices, and what is left."""
    shares = {key: part for key, part in value.items() if is_share(part)}
    if shares:
        yield _share_table(title, shares)
    repeated = {key: part for key, part in value.items() if is_repeated(part)}
    if repeated:
        yield _matrix(title, {"": repeated})
    plain = {
        key: part for key, part in value.items() if not isinstance(part, dict) and not _is_list_of_dicts(part)
    }
    if plain:
        rows = tuple(
            (Cell(words_of(key)), Cell(number_of(part), is_number=True)) for key, part in plain.items()
        )
        yield Table(title, ("figure", "value"), rows)
    rest = {
        key: part for key, part in value.items() if isinstance(part, dict) and key not in shares | repeated
    }
    matrix = {key: part for key, part in rest.items() if _is_matrix_row(part)}
    if len(matrix) > 1 and len({tuple(part) for part in matrix.values()}) == 1:
        yield _matrix(title, matrix)
        rest = {key: part for key, part in rest.items() if key not in matrix}
    for key, part in value.items():
        if _is_list_of_dicts(part):
            yield _matrix(words_of(key), {str(number): row for number, row in enumerate(part, 1)})
    for key, part in rest.items():
        yield from tables_of(" · ".join(filter(None, (title, words_of(key)))), part)


def _share_table(title: str, shares: dict[str, Any]) -> Table:
    languages = all(key in _NAMES for key in shares)
    rows = tuple(
        (
            Cell(language_name(key) if languages else words_of(key)),
            Cell("", with_bounds(share)),
            Cell(f"{share['n']}"),
        )
        for key, share in shares.items()
    )
    return Table(title, ("slice", "share [95%]", "n"), rows)


def _matrix(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows.values() for name in row))
    named = any(rows)
    return Table(
        title,
        (*(("",) if named else ()), *(words_of(name) for name in columns)),
        tuple(
            (
                *((Cell(words_of(key)),) if named else ()),
                *(cell_of(row.get(name)) for name in columns),
            )
            for key, row in rows.items()
        ),
    )


def cell_of(value: Any) -> Cell:
    """Give a figure of any shape as a cell."""
    if is_share(value):
        return Cell("", with_bounds(value))
    if is_repeated(value):
        small = "folds " + " ".join(f"{fold:.2f}" for fold in value["folds"])
        return Cell(f"{value['mean']:.3f} ± {value['spread']:.3f}", is_number=True, small=small)
    return Cell(number_of(value), is_number=True)


def exact_share(value: float, n: int) -> dict[str, Any]:
    """Give a share with the exact binomial interval (Clopper and Pearson 1934)."""
    hits = round(value * n)
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    return {"value": value, "n": n, "low": low, "high": high}


def with_bounds(share: dict[str, Any]) -> dict[str, Any]:
    """Replace the interval of an all-or-nothing share: redrawing cannot say how sure 5 of 5 is."""
    if share["n"] and share["low"] == share["high"]:
        return exact_share(share["value"], share["n"])
    return share


def is_share(value: Any) -> bool:
    """Tell a share with interval and count."""
    return isinstance(value, dict) and value.keys() == {"value", "n", "low", "high"}


def is_repeated(value: Any) -> bool:
    """Tell a measure over folds."""
    return isinstance(value, dict) and value.keys() == {"mean", "spread", "folds"}


def _is_list_of_dicts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def _is_matrix_row(value: dict[str, Any]) -> bool:
    return bool(value) and all(
        not isinstance(part, dict) or is_repeated(part) or is_share(part) for part in value.values()
    )


def all_shares(value: Any) -> bool:
    """Tell a group of shares, such as one per language."""
    return isinstance(value, dict) and bool(value) and all(map(is_share, value.values()))


def language_name(code: str) -> str:
    """Give a language code with its English name."""
    return f"{_NAMES[code]} ({code})" if code in _NAMES else code


def number_of(value: Any) -> str:
    """Give a figure as text; what was not measured says so."""
    if is_repeated(value):
        folds = " ".join(f"{fold:.2f}" for fold in value["folds"])
        return f"{value['mean']:.3f} ± {value['spread']:.3f} (folds {folds})"
    if isinstance(value, float):
        return "not measured" if math.isnan(value) else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(number_of, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{words_of(key)} {number_of(part)}" for key, part in value.items()) or "none"
    return "none" if value is None else str(value)
