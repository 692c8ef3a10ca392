import copy
from typing import Any

import numpy as np
import pytest

from model.training.config import load_config
from model.training.promotion import gate
from model.training.scores import RowScores
from model.training.slice_gate import slice_faults


def share(value: float, n: int = 100) -> dict[str, Any]:
    return {"value": value, "n": n, "low": 0.0, "high": 1.0}


SERVING: dict[str, Any] = {
    "out_of_fold": {
        "average_precision": 0.88,
        "recall_at_review": share(0.7),
        "lure_outscores_twin": share(0.95),
        "precision_at_review": share(0.92),
        "precision_at_high": share(0.98),
    },
    "recall_by_language": {"vi": share(0.7)},
    "false_alarms_by_variant": {"warning": share(0.1), "thin": share(0.0, n=5)},
}


def test_an_equal_candidate_passes() -> None:
    assert gate(SERVING, copy.deepcopy(SERVING), load_config().gate) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("out_of_fold", "recall_at_review"), share(0.6), "recall at review falls from 70.0% to 60.0%"),
        (("out_of_fold", "lure_outscores_twin"), share(0.9), "lure outscores twin falls"),
        (
            ("out_of_fold", "precision_at_review"),
            share(0.96),
            "precision at review moves from 92.0% to 96.0%",
        ),
        (("out_of_fold", "precision_at_high"), share(0.95), "precision at high moves"),
        (("recall_by_language", "vi"), share(0.5), "recall by language: vi falls from 70.0% to 50.0% of 100"),
        (("false_alarms_by_variant", "warning"), share(0.2), "false alarms by variant: warning rises"),
    ],
)
def test_a_planted_worse_candidate_is_refused_with_the_reason(
    path: tuple[str, str], value: dict[str, Any], said: str
) -> None:
    candidate = copy.deepcopy(SERVING)
    candidate[path[0]][path[1]] = value
    (fault,) = gate(SERVING, candidate, load_config().gate)
    assert fault.startswith(said)


def test_a_slice_of_a_few_rows_refuses_nobody() -> None:
    candidate = copy.deepcopy(SERVING)
    candidate["false_alarms_by_variant"]["thin"] = share(1.0, n=5)
    assert gate(SERVING, candidate, load_config().gate) == []


def scored(flagged: list[bool], labels: list[str], *, prefix: str = "") -> RowScores:
    n = len(flagged)
    return RowScores(
        version="r",
        ids=tuple(f"{prefix}{i}" for i in range(n)),
        labels=tuple(labels),
        twins=("",) * n,
        groups=np.arange(n),
        log_odds=np.where(flagged, 2.0, -2.0),
        stance=np.full(n, -np.inf),
        thresholds={"review": 0.5, "high": 0.9, "not_an_advert": 0.5},
    )


@pytest.mark.parametrize(
    ("label", "before", "after", "said"),
    [
        ("legitimate", 0, 5, "false alarms by language: km rises from 0.0% to 12.5% of the 40 both know"),
        ("legitimate", 0, 2, None),  # two texts: chance gives that one time in four
        ("legitimate", 5, 0, None),
        ("scam_centre", 30, 20, "misses by language: km rises from 25.0% to 50.0%"),
        ("scam_centre", 30, 27, None),
    ],
)
def test_a_slice_is_compared_on_the_rows_that_both_releases_know(
    label: str, before: int, after: int, said: str | None
) -> None:
    first, second = (scored([i < n for i in range(40)], [label] * 40) for n in (before, after))
    of = {"language": {str(i): "km" for i in range(40)}}
    faults = list(slice_faults(first, second, of, load_config().gate))
    assert [said in fault for fault in faults if said] == ([True] if said else [])
    assert bool(faults) == bool(said)


def test_rows_that_joined_since_are_held_against_nobody() -> None:
    first = scored([False] * 40, ["legitimate"] * 40)
    second = scored([True] * 40, ["legitimate"] * 40, prefix="new-")
    of = {"language": {f"new-{i}": "km" for i in range(40)}}
    assert list(slice_faults(first, second, of, load_config().gate)) == []
