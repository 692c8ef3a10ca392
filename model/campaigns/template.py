"""The words that every advert of a campaign shares, in order, with slots where they vary."""

from collections.abc import Sequence
from difflib import SequenceMatcher

_MOST_COMPARED = 25
_LEAST_RUN = 2


def template_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Give the shared stretches in reading order, an empty string for each slot between them.

    Texts are folded into the template one by one; with more than 25 the sorted first 25 stand for all.
    """
    ordered = sorted(set(texts))[:_MOST_COMPARED]
    if len(ordered) < 2:  # noqa: PLR2004 - one text has no slots
        return tuple(ordered)
    shared: list[str] = ordered[0].split()
    runs = [shared]
    for text in ordered[1:]:
        runs = _common(runs, text.split())
    pieces: list[str] = []
    for run in runs:
        if pieces:
            pieces.append("")
        pieces.append(" ".join(run))
    return tuple(pieces)


def _common(runs: list[list[str]], words: list[str]) -> list[list[str]]:
    """Keep what of the runs stands in `words` too, in the same order."""
    flat = [word for run in runs for word in run]
    starts = set()
    position = 0
    for run in runs:
        starts.add(position)
        position += len(run)
    kept: list[list[str]] = []
    for block in SequenceMatcher(a=flat, b=words, autojunk=False).get_matching_blocks():
        current: list[str] = []
        for index in range(block.a, block.a + block.size):
            if index in starts and current:
                kept.append(current)
                current = []
            current.append(flat[index])
        if current:
            kept.append(current)
    return [run for run in kept if len(run) >= _LEAST_RUN or len(run[0]) > _LEAST_RUN]
