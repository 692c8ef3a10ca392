"""What a fit says of itself: out-of-fold measures by language, variant and label, kept in the release."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from model.schema.decision import PATTERNS, LabelName
from model.training.dataset import Dataset
from model.training.fitting import Fitted
from model.training.measures import by_slice, expected_calibration_error, share_of


def summarise(data: Dataset, groups: NDArray[np.int_], fitted: Fitted) -> dict[str, Any]:
    """Give all out-of-fold figures of a fit as JSON values."""
    scores = expit(fitted.out_of_fold[LabelName.SCAM_CENTRE])
    target = (data.labels == LabelName.SCAM_CENTRE).astype(np.int_)
    review, high = fitted.thresholds["review"], fitted.thresholds["high"]
    lures, honest = target == 1, data.is_honest
    keys = [str(group) for group in groups]
    languages = data.languages.tolist()
    variants = [row.variant or "none" for row in data.rows]
    out_of_fold: dict[str, Any] = {
        "average_precision": round(float(average_precision_score(target, scores)), 4),
        "roc_auc": round(float(roc_auc_score(target, scores)), 4),
        "recall_at_review": share_of(scores[lures] >= review, _of(keys, lures)).to_json(),
        "recall_at_high": share_of(scores[lures] >= high, _of(keys, lures)).to_json(),
        "precision_at_review": share_of(lures[(lures | honest) & (scores >= review)]).to_json(),
        "precision_at_high": share_of(lures[(lures | honest) & (scores >= high)]).to_json(),
        "false_alarms_at_review": share_of(scores[honest] >= review).to_json(),
        "false_alarms_at_high": share_of(scores[honest] >= high).to_json(),
        "lure_outscores_twin": _pairs(data, scores),
        "expected_calibration_error": round(expected_calibration_error(scores, target)[0], 4),
    }
    return {
        # A share of nothing (no row has a twin) is not a figure.
        "out_of_fold": {k: v for k, v in out_of_fold.items() if not isinstance(v, dict) or v["n"]},
        "recall_by_language": _slices(languages, lures, scores >= review),
        "false_alarms_by_language": _slices(languages, honest, scores >= review),
        "recall_by_variant": _slices(variants, lures, scores >= review),
        "false_alarms_by_variant": _slices(variants, honest, scores >= review),
        "pattern_heads": {
            str(label): {
                "average_precision": round(
                    float(average_precision_score(data.labels == label, fitted.out_of_fold[label])), 4
                ),
                "rows": int((data.labels == label).sum()),
            }
            for label in (*PATTERNS, LabelName.NOT_AN_ADVERT)
            if str(label) in fitted.out_of_fold
        },
    }


def _pairs(data: Dataset, scores: NDArray[np.float64]) -> dict[str, float | int]:
    place = {row.id: index for index, row in enumerate(data.rows)}
    wins = np.array(
        [
            scores[index] > scores[place[row.twin]]
            for index, row in enumerate(data.rows)
            if row.label is LabelName.SCAM_CENTRE and row.twin in place
        ],
        dtype=bool,
    )
    return share_of(wins).to_json()


def _slices(keys: list[str], where: NDArray[np.bool_], hits: NDArray[np.bool_]) -> dict[str, Any]:
    chosen = hits[where]
    shares = by_slice(_of(keys, where), lambda mask: share_of(chosen[mask]))
    return {key: share.to_json() for key, share in shares.items() if share.n}


def _of(keys: list[str], where: NDArray[np.bool_]) -> list[str]:
    return [key for key, keep in zip(keys, where.tolist(), strict=True) if keep]
