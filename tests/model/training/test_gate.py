import copy
from typing import Any

import pytest

from model.training.config import load_config
from model.training.promotion import gate


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
