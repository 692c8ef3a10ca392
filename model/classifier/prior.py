"""What the catalogue knows before any training row is read: where each weight starts, and which side it may not cross.

Nobody has a large labelled set of these adverts, but published cases say which signs matter and in what direction.
A weight is therefore pulled towards the strength its indicator is given in the catalogue instead of towards zero, and a
sign never argues for honesty nor a counter-sign for deception; training rows move weights from there. A sign that
no training row shows keeps the weight its sources give it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.indicators.registry import Catalogue, Kind
from model.schema.decision import LabelName

_STRENGTH = {"weak": 0.15, "moderate": 0.5, "strong": 1.1}
"""Log-odds for the three editorial strengths; chosen on authored adverts, see the model card."""
_PLACES = {
    "compound": 1.4,
    "hub_town": 0.9,
    "hub_abroad": 0.8,
    "transit_abroad": 0.3,
    "other_abroad": 0.1,
    "hub_home": 0.1,
    "official_abroad": -0.1,
    "home": -0.3,
    "only_home": -0.4,
}
_PAY = {
    "over_0.7_times": 0.0,
    "over_1.3_times": 0.3,
    "over_1.8_times": 0.5,
    "over_2.5_times": 0.5,
    "over_4.0_times": 0.5,
}
_INF = float("inf")


@dataclass(frozen=True)
class Prior:
    """Per column: the weight it starts from, and the least and greatest it may take."""

    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def column_prior(names: Sequence[str], catalogue: Catalogue, label: LabelName) -> Prior:
    """Give the prior of one head."""
    rows = [_of_column(name, catalogue, label) for name in names]
    mean, lower, upper = (np.array(values, dtype=np.float64) for values in zip(*rows, strict=True))
    return Prior(mean, lower, upper)


def _of_column(name: str, catalogue: Catalogue, label: LabelName) -> tuple[float, float, float]:
    group, _, rest = name.partition(":")
    if group == "sign":
        return _of_sign(rest, catalogue, label)
    if label is LabelName.NOT_AN_ADVERT:
        return (0.3, 0.0, _INF) if name.startswith("count:stance") else (0.0, -_INF, _INF)
    if label is not LabelName.SCAM_CENTRE:
        return 0.0, -_INF, _INF
    return _of_fact(group, rest)


def _of_sign(name: str, catalogue: Catalogue, label: LabelName) -> tuple[float, float, float]:
    indicator = catalogue.indicators[name]
    strength = _STRENGTH.get(indicator.strength, 0.0)
    if indicator.kind is Kind.STANCE:
        return (strength, 0.0, _INF) if label is LabelName.NOT_AN_ADVERT else (-strength, -_INF, 0.0)
    if label is LabelName.NOT_AN_ADVERT:
        return -0.1, -_INF, _INF
    if indicator.kind is Kind.COUNTER:
        return -strength, -_INF, 0.0
    if indicator.kind is Kind.SIGN and label in indicator.patterns:
        return strength, 0.0, _INF
    if indicator.kind is Kind.CONCEPT:
        return 0.0, -_INF, _INF
    return 0.0, -_INF, _INF


def _of_fact(group: str, name: str) -> tuple[float, float, float]:  # noqa: C901, PLR0911 - a table of cases
    if group == "pay" and name.startswith(("over", "usd_over")):
        return _PAY.get(name, 0.2), 0.0, _INF
    if name in {"ordinary", "per_hour", "per_day"}:
        return -0.3, -_INF, 0.0
    if group == "pay" and name in {"in_dollars", "in_crypto"}:
        return 0.2, 0.0, _INF
    if group == "place":
        mean = _PLACES.get(name, 0.0)
        return mean, (0.0 if mean > 0 else -_INF), (0.0 if mean < 0 else _INF)
    if group == "both":
        if name.startswith("by_hand") or name == "hub_and_stance":
            return -0.3, -_INF, 0.0
        return 0.3, 0.0, _INF
    if group == "count":
        if name.startswith("sign_families"):
            return 0.2, 0.0, _INF
        return -0.2, -_INF, 0.0
    if group == "text":
        return 0.4, 0.0, _INF
    if name == "corporate":
        return -0.3, -_INF, 0.0
    return 0.0, -_INF, _INF
