"""Whether a candidate is worse than the serving release in a language or a variant, on the same authored adverts.

Rows that joined since would move a slice's figure without either release being worse, so only rows that both know
count, each in the band that its release gave it out of fold. In a slice of thirty one advert is three points; a
rise is held against a candidate when a coin would rarely give it (exact sign test over the rows on which the two
disagree, McNemar 1947).
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from model.schema.decision import LabelName
from model.training.comparing import HONEST
from model.training.config import GateConfig
from model.training.scores import FLAGGED, RowScores, shared_rows

LEAST_ROWS = 25


def slice_faults(
    serving: RowScores, candidate: RowScores, slices: Mapping[str, Mapping[str, str]], bars: GateConfig
) -> Iterator[str]:
    """Name every slice in which the candidate is worse; `slices` gives kind of slice → advert id → slice."""
    first, second = shared_rows(serving, candidate)
    before, after = _flagged(serving)[first], _flagged(candidate)[second]
    labels, ids = np.array(candidate.labels)[second], np.array(candidate.ids)[second]
    honest, lures = np.isin(labels, HONEST), labels == LabelName.SCAM_CENTRE
    for kind, of in slices.items():
        keys = np.array([of.get(key, "") for key in ids.tolist()])
        for key in sorted(set(keys.tolist()) - {""}):
            here = honest & (keys == key)
            if told := _worse(before[here], after[here], bars.slice_false_alarm_rise, bars):
                yield f"false alarms by {kind}: {key} rises {told}"
            here = lures & (keys == key)
            if told := _worse(~before[here], ~after[here], bars.slice_recall_drop, bars):
                yield f"misses by {kind}: {key} rises {told}"


def _worse(
    before: NDArray[np.bool_], after: NDArray[np.bool_], allowed: float, bars: GateConfig
) -> str | None:
    """Say how errors rose when they did so by more than is allowed and than chance gives; None when they did not."""
    n = len(before)
    if n < LEAST_ROWS or after.mean() - before.mean() <= allowed:
        return None
    new, gone = int((after & ~before).sum()), int((before & ~after).sum())
    chance = float(binomtest(new, new + gone, 0.5, alternative="greater").pvalue)
    if chance > bars.slice_chance:
        return None
    return f"from {before.mean():.1%} to {after.mean():.1%} of the {n} both know ({new} new, {gone} gone)"


def _flagged(scores: RowScores) -> NDArray[np.bool_]:
    return np.isin(scores.bands, FLAGGED)
