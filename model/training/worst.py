"""The worst errors as a person would want to see them: the text, what was found in it, and what the detector made of it.

Only authored rows are shown: real adverts name real people and stay where they were measured. Scores are out of fold; the
marked words are those that the release at hand finds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from model.classifier.assessor import Assessor
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Reason
from model.schema.decision import LabelName, Provenance
from model.training.dataset import Dataset

_AT = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_REASONS = 6


def worst_errors(
    assessor: Assessor, rows: Dataset, log_odds: NDArray[np.float64], *, most: int = 12
) -> dict[str, Any]:
    """Give the lowest-scored lures and the highest-scored honest texts, each with its text cut at the marked words."""
    authored = np.array([row.provenance is Provenance.AUTHORED for row in rows.rows])
    lures = np.flatnonzero(authored & (rows.labels == LabelName.SCAM_CENTRE))
    honest = np.flatnonzero(authored & rows.is_honest)
    return {
        "lures_scored_lowest": _described(
            assessor, rows, log_odds, lures[np.argsort(log_odds[lures])][:most]
        ),
        "honest_texts_scored_highest": _described(
            assessor, rows, log_odds, honest[np.argsort(-log_odds[honest])][:most]
        ),
    }


def _described(
    assessor: Assessor, rows: Dataset, log_odds: NDArray[np.float64], chosen: NDArray[np.int_]
) -> list[dict[str, Any]]:
    found = []
    for index in chosen.tolist():
        row = rows.rows[index]
        assessment = assessor.assess(JobAdvert(id=row.id, title=row.title, description=row.text), at=_AT)
        reasons = [reason for reason in assessment.reasons if reason.code != "baseline"]
        reasons.sort(key=lambda reason: -abs(reason.log_odds))
        found.append(
            {
                "id": row.id,
                "language": row.language,
                "kind": f"{row.label}, {row.variant or 'not stated'}",
                "score_out_of_fold": round(float(expit(log_odds[index])), 4),
                "note": row.note or "",
                "pieces": marked_pieces(row.text, assessment),
                "reasons": [_of_reason(reason) for reason in reasons[:_MOST_REASONS]],
            }
        )
    return found


def _of_reason(reason: Reason) -> str:
    glosses = sorted({span.gloss for span in reason.spans if span.gloss})
    said = f" ({', '.join(glosses)})" if glosses else ""
    return f"{reason.log_odds:+.2f} {reason.title}{said}"


def marked_pieces(text: str, assessment: Assessment) -> list[tuple[str, str]]:
    """Cut a text at the words that reasons name: (words, `for`, `against` or nothing), in order, adding up to the text."""
    sides = [""] * len(text)
    for reason in sorted(assessment.reasons, key=lambda reason: abs(reason.log_odds)):
        side = "for" if reason.log_odds > 0 else "against"
        for span in reason.spans:
            if span.field == "description":
                sides[span.start : span.end] = [side] * (span.end - span.start)
    pieces: list[tuple[str, str]] = []
    for character, side in zip(text, sides, strict=True):
        if pieces and pieces[-1][1] == side:
            pieces[-1] = (pieces[-1][0] + character, side)
        else:
            pieces.append((character, side))
    return pieces


def in_words(errors: dict[str, Sequence[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Give the errors without their texts, for figures that go to a terminal or a file."""
    kept = ("id", "language", "kind", "score_out_of_fold", "note")
    return {name: [{key: error[key] for key in kept} for error in part] for name, part in errors.items()}
