"""Figures as lines for a terminal: one line a figure, and rows of equal shape as a table."""

from collections.abc import Iterator
from typing import Any

_NAME = 44
_WIDEST = 30
_SHARE = {"value", "n", "low", "high"}
_REPEATED = {"mean", "spread", "folds"}


def lines_of(value: dict[str, Any], indent: int = 0) -> Iterator[str]:
    """Give nested figures as lines; a share stands with its interval and count."""
    pad = "  " * indent
    if _is_table(value):
        yield from (pad + line for line in _table(value))
        return
    for key, item in value.items():
        if _is_figure(item):
            yield f"{pad}{key:{_NAME}} {_figure(item)}".rstrip()
        elif isinstance(item, dict):
            yield f"{pad}{key}"
            yield from lines_of(item, indent + 1)
        else:
            yield f"{pad}{key}"
            numbered = {str(number): row for number, row in enumerate(item, 1)}
            yield from lines_of(numbered, indent + 1)


def words_of(key: str) -> str:
    """Give a key as words."""
    return key.replace("_", " ")


def _is_figure(item: Any) -> bool:
    """Tell what fits on a line: a value, a share, a measure over folds, a list of values."""
    if isinstance(item, dict):
        return item.keys() in (_SHARE, _REPEATED)
    return not (isinstance(item, list) and item and isinstance(item[0], dict))


def _is_table(value: dict[str, Any]) -> bool:
    """Tell rows that all have the same columns, each a figure."""
    rows = list(value.values())
    return (
        len(rows) > 1
        and all(isinstance(row, dict) and row and not _is_figure(row) for row in rows)
        and len({tuple(row) for row in rows}) == 1
        and all(_is_figure(item) for row in rows for item in row.values())
    )


def _table(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    head = list(next(iter(rows.values())))
    cells = [["", *head], *([key, *(_figure(row[name]) for name in head)] for key, row in rows.items())]
    widths = [max(len(line[place]) for line in cells) for place in range(len(head) + 1)]
    widths = [widths[0], *(min(width, _WIDEST) for width in widths[1:])]
    for line in cells:
        shown = "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        yield shown.rstrip()


def _figure(item: Any) -> str:
    if isinstance(item, dict) and item.keys() == _SHARE:
        if not item["n"]:
            return "not measured"
        return f"{item['value']:6.1%} [{item['low']:.0%} - {item['high']:.0%}] of {item['n']}"
    if isinstance(item, dict) and item.keys() == _REPEATED:
        folds = " ".join(f"{fold:.2f}" for fold in item["folds"])
        return f"{item['mean']:.3f} ± {item['spread']:.3f}  folds {folds}"
    if isinstance(item, list):
        return ", ".join(map(_figure, item)) or "none"
    return "none" if item is None else str(item)
