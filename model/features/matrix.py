"""Rows of columns as one sparse matrix, with a fixed order that a release remembers."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from model.features.columns import COMBINATIONS, Column
from model.features.routes import Relation
from model.indicators.registry import Catalogue, Kind

if TYPE_CHECKING:
    from scipy import sparse

_FIXED = (
    *(f"pay:over_{step}_times" for step in (1.3, 1.8, 2.5, 4.0, 7.0)),
    *(f"pay:usd_over_{step}" for step in (700, 1500, 3000, 6000)),
    "pay:ordinary",
    "pay:in_dollars",
    "pay:in_crypto",
    "pay:per_hour",
    "pay:per_day",
    *(f"place:{relation}" for relation in Relation),
    "place:none",
    "place:only_home",
    "contact:telegram",
    "contact:corporate",
    "contact:phone",
    "text:disguised",
    *(f"count:sign_families_{n}" for n in (2, 3, 4, 5)),
    *(f"count:counter_signs_{n}" for n in (1, 2, 3, 5, 8)),
    *(f"count:stance_{n}" for n in (2, 3, 5)),
)


def column_names(catalogue: Catalogue) -> tuple[str, ...]:
    """Give every column there can be, in the order of the matrix."""
    signs = (f"sign:{i.id}" for i in catalogue.indicators.values() if i.kind is not Kind.FACT)
    return tuple(sorted({*signs, *_FIXED, *(f"both:{name}" for name in COMBINATIONS)}))


def to_matrix(rows: Iterable[Sequence[Column]], names: Sequence[str]) -> "sparse.csr_matrix":
    """Lay columns out as float64 of shape (n_adverts, n_columns); raises KeyError on a column without a place."""
    from scipy import sparse  # half a second that scoring does not need

    index = {name: i for i, name in enumerate(names)}
    indptr, indices, values = [0], [], []
    for row in rows:
        for column in row:
            indices.append(index[column.name])
            values.append(column.value)
        indptr.append(len(indices))
    shape = (len(indptr) - 1, len(names))
    matrix = sparse.csr_matrix((np.asarray(values, dtype=np.float64), indices, indptr), shape=shape)
    matrix.sum_duplicates()
    return matrix
