"""Whether a score moves when only the people an advert speaks to change: nationality, sex, age, schooling.

The same text is scored with one word swapped, in several languages, over lures and honest adverts. No such word is scored, so
nothing may move; whatever does is printed with the reasons that moved it, because the route may be a bad wording.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from model.classifier.assessor import Assessor
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from model.schema.decision import Label, LabelName
from model.training.materials import Progress

WORDS = Path(__file__).with_name("fairness_words.yaml")
_PER_SIDE = 5
"""Lures and honest adverts per language."""
_STILL = 1e-6
_AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Swap:
    """One advert with each of a trait's words in turn."""

    row: Label
    language: str
    trait: str
    words: tuple[str, ...]
    texts: tuple[str, ...]


def swaps_of(rows: Sequence[Label]) -> Iterator[Swap]:
    """Add each sentence to the end of a few adverts of its language, once per word."""
    for language, traits in yaml.safe_load(WORDS.read_text("utf-8")).items():
        for row in _some(rows, language):
            for trait, entry in traits.items():
                words = tuple(str(word) for word in entry["words"])
                texts = tuple(f"{row.text}\n{entry['sentence'].format(word)}" for word in words)
                yield Swap(row, language, trait, words, texts)


def _some(rows: Sequence[Label], language: str) -> list[Label]:
    """Choose lures and honest adverts of a language by the digest of their id: always the same, no better than others."""
    chosen = []
    for label in (LabelName.SCAM_CENTRE, LabelName.LEGITIMATE):
        those = [row for row in rows if row.language == language and row.label is label]
        those.sort(key=lambda row: hashlib.sha256(row.id.encode()).digest())
        chosen += those[:_PER_SIDE]
    return chosen


def fairness_of(
    assessor: Assessor, rows: Sequence[Label], *, progress: Progress | None = None
) -> dict[str, Any]:
    """Give how far scores move per trait and language, and every swap that moved one, largest first."""
    swaps = list(swaps_of(rows))
    tables: dict[str, dict[str, list[float]]] = {"by_trait": {}, "by_language": {}}
    moved = []
    n_bands = 0
    for number, swap in enumerate(swaps, 1):
        adverts = [JobAdvert(id=swap.row.id, title=swap.row.title, description=text) for text in swap.texts]
        found = assessor.assess_many(adverts, at=_AT)
        move = _spread(found)
        tables["by_trait"].setdefault(swap.trait, []).append(move)
        tables["by_language"].setdefault(swap.language, []).append(move)
        n_bands += len({a.band for a in found}) > 1
        if move > _STILL:
            moved.append((move, swap, found))
        if progress and (number % 50 == 0 or number == len(swaps)):
            progress("swapping who is sought", number, len(swaps))
    moved.sort(key=lambda item: -item[0])
    return {
        "swaps": len(swaps),
        "swaps_that_moved_a_score": len(moved),
        "swaps_that_changed_a_band": n_bands,
        "largest_move_in_log_odds": round(moved[0][0], 4) if moved else 0.0,
        **{
            name: {
                key: {
                    "swaps": len(values),
                    "moved": sum(v > _STILL for v in values),
                    "largest move (log-odds)": round(max(values), 4),
                }
                for key, values in sorted(table.items())
            }
            for name, table in tables.items()
        },
        "moved_most": [_described(swap, found) for _, swap, found in moved[:20]],
    }


def _spread(found: Sequence[Assessment]) -> float:
    values = [_log_odds(a) for a in found]
    return max(values) - min(values)


def _log_odds(assessment: Assessment) -> float:
    return math.log(assessment.score / (1 - assessment.score))


def _described(swap: Swap, found: Sequence[Assessment]) -> dict[str, Any]:
    least = min(range(len(found)), key=lambda i: found[i].score)
    most = max(range(len(found)), key=lambda i: found[i].score)
    weights = [{reason.code: reason.log_odds for reason in found[i].reasons} for i in (least, most)]
    codes = sorted(
        code
        for code in weights[0].keys() | weights[1].keys()
        if abs(weights[0].get(code, 0.0) - weights[1].get(code, 0.0)) > _STILL
    )
    return {
        "row": swap.row.id,
        "trait": swap.trait,
        "lowest with": swap.words[least],
        "highest with": swap.words[most],
        "from": round(found[least].score, 3),
        "to": round(found[most].score, 3),
        "moved by": ", ".join(codes) or "none",
    }
