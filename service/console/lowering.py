"""What the score rests on, put the other way round: the least that would have to be missing for a lower band.

The log-odds of all reasons sum to the score, so what is left without some of them is exact arithmetic and no
second reading. Reasons that rest on the very same words go together, those that speak against the pattern
too: whoever takes the words away takes all that was read from them. It is for the reviewer who asks what to
check first, and stays in the console.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from model.schema.assessment import Assessment, Band

BASELINE = "baseline"
SCORED = frozenset({Band.LOW, Band.REVIEW, Band.HIGH})


@dataclass(frozen=True)
class Lowering:
    """The smallest set of reasons without which an advert stays under a line."""

    line: str
    """`high` or `review`."""
    threshold: float
    numbers: tuple[int, ...]
    """The reasons as the page numbers them; empty when nothing that was found is enough."""
    score: float
    """What the score would be without them."""


@dataclass(frozen=True)
class _Piece:
    """Reasons that stand or fall together."""

    numbers: tuple[int, ...]
    log_odds: float


def lowerings_of(assessment: Assessment, numbers: dict[str, int]) -> list[Lowering]:
    """Give, for each line that the score reaches, what would bring it under.

    `numbers` are those of the page, by the reason's code.
    """
    if assessment.band not in SCORED:
        return []
    total = math.fsum(reason.log_odds for reason in assessment.reasons)
    pieces = _pieces(assessment, numbers)
    lines = (("high", assessment.thresholds.high), ("review", assessment.thresholds.review))
    return [
        _lowering(pieces, total, line, threshold)
        for line, threshold in lines
        if 0 < threshold <= assessment.score
    ]


def _lowering(pieces: Sequence[_Piece], total: float, line: str, threshold: float) -> Lowering:
    """Take the heaviest first: no other choice of as many weighs more, so none of fewer would do."""
    left = total
    taken: list[int] = []
    for piece in pieces:
        if _score(left) < threshold:
            break
        left -= piece.log_odds
        taken += piece.numbers
    if _score(left) >= threshold:
        taken = []
    return Lowering(line, threshold, tuple(sorted(taken)), _score(left))


def _pieces(assessment: Assessment, numbers: dict[str, int]) -> list[_Piece]:
    """Give what speaks for the pattern, heaviest first."""
    groups: dict[object, list[tuple[int, float]]] = {}
    for reason in assessment.reasons:
        if reason.code == BASELINE or reason.log_odds == 0.0:
            continue
        words = frozenset((span.field, span.start, span.end) for span in reason.spans)
        groups.setdefault(words or reason.code, []).append((numbers[reason.code], reason.log_odds))
    pieces = [
        _Piece(tuple(number for number, _ in group), math.fsum(weight for _, weight in group))
        for group in groups.values()
    ]
    speaking = [piece for piece in pieces if piece.log_odds > 0]
    return sorted(speaking, key=lambda piece: (-piece.log_odds, piece.numbers))


def _score(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds)) if log_odds > 0 else math.exp(log_odds) / (1 + math.exp(log_odds))
