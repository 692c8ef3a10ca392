"""One set of scores cut many ways: by language, source, length, surface, pattern, and kind of honest text.

Every slice is held to the same threshold, the one at which 1% of all honest rows are flagged: a slice's own threshold
would hide that its adverts are flagged more often than others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.schema.decision import Label, LabelName
from model.training.dataset import Dataset
from model.training.measures import share_of, threshold_at

Floats = NDArray[np.float64]
RATE = 0.01
_LENGTHS = ((40, "up to 40"), (100, "41 to 100"), (300, "101 to 300"), (800, "301 to 800"))


def slices_of(rows: Dataset, log_odds: Floats, groups: NDArray[np.int_]) -> dict[str, Any]:
    """Give lures found and honest texts flagged per slice, where 1% of all honest rows are flagged."""
    threshold = threshold_at([(log_odds[rows.is_honest], RATE)])
    flagged = log_odds >= threshold
    lures = rows.labels == LabelName.SCAM_CENTRE

    def cut(keys: Sequence[str], where: NDArray[np.bool_]) -> dict[str, Any]:
        array = np.array(keys, dtype=object)
        found = {}
        for key in sorted({key for key, keep in zip(keys, where.tolist(), strict=True) if keep}, key=_order):
            chosen = where & (array == key)
            found[key] = share_of(flagged[chosen], [str(g) for g in groups[chosen]]).to_json()
        return found

    def both(name: Callable[[Label], str]) -> dict[str, Any]:
        keys = [name(row) for row in rows.rows]
        found, alarms = cut(keys, lures), cut(keys, rows.is_honest)
        return {
            key: {"lures found": found.get(key), "honest texts flagged": alarms.get(key)}
            for key in sorted({*found, *alarms}, key=_order)
        }

    neighbours = ~lures & ~rows.is_honest
    return {
        "by_language": both(lambda row: row.language),
        "by_source": both(source_of),
        "by_length_in_characters": both(length_of),
        "by_surface": both(lambda row: row.surface or "not stated"),
        "lures_by_pattern": cut([row.variant or "not stated" for row in rows.rows], lures),
        "honest_texts_by_kind": cut(
            [f"{row.variant or 'not stated'} ({row.label})" for row in rows.rows], rows.is_honest
        ),
        "other_deceptions_flagged_as_lures": cut([str(row.label) for row in rows.rows], neighbours),
    }


def source_of(row: Label) -> str:
    """Name where a row comes from: its employer or origin; authored rows by batch, which is told from the id.

    Batches were written by different hands: `vi-x0001` is of another one than `vi-0001`.
    """
    if row.origin != "hand":
        return row.origin
    last = row.id.rpartition("-")[2]
    return f"hand, batch {last.rstrip('0123456789') or 'main'}"


def length_of(row: Label) -> str:
    """Name the length of a row's text."""
    return next((name for most, name in _LENGTHS if len(row.text) <= most), "over 800")


_PLACES = {name: f"{place}" for place, (_, name) in enumerate((*_LENGTHS, (0, "over 800")))}


def _order(key: str) -> str:
    return _PLACES.get(key, key)
