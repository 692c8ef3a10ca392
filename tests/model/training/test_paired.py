import numpy as np
import pytest

from model.training.comparing import compare_scores
from model.training.measures import recall_at, redraws
from model.training.paired import mcnemar, moved, paired_differences
from model.training.scores import RowScores


def made(shift: float, *, seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = np.repeat([1, 0], n)
    return random.normal(target * shift), target


def test_the_same_scores_differ_by_nothing() -> None:
    scores, target = made(2.0)
    found = paired_differences(scores, scores, target, np.arange(len(target)), n_draws=50)
    assert all(part["difference"] == part["low"] == part["high"] == 0 for part in found.values())
    assert {part["verdict"] for part in found.values()} == {"cannot be told apart"}


def test_a_better_detector_is_told_from_a_worse_one_and_the_order_matters() -> None:
    scores, target = made(2.0)
    noise = scores + np.random.default_rng(1).normal(size=len(scores)) * 2
    groups = np.arange(len(target))
    assert paired_differences(noise, scores, target, groups)["average_precision"]["verdict"] == "b is better"
    assert paired_differences(scores, noise, target, groups)["average_precision"]["verdict"] == "a is better"


def test_redraws_take_whole_groups() -> None:
    target, groups = np.array([1, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 2, 2, 2])
    for rows in redraws(target, groups, n=20):
        assert (rows == 0).sum() == (rows == 1).sum()
        assert (rows == 3).sum() == (rows == 5).sum() == 1


def test_mcnemar_gives_the_published_kind_of_figure() -> None:
    before = np.array([True] * 10 + [False] * 2 + [True] * 30)
    after = np.array([False] * 10 + [True] * 2 + [True] * 30)
    found = mcnemar(before, after)
    assert (found["right_only_in_a"], found["right_only_in_b"]) == (10, 2)
    # 2 * sum(C(12, k) for k <= 2) / 2**12
    assert found["p_value"] == pytest.approx(2 * (1 + 12 + 66) / 4096, abs=1e-4)
    assert mcnemar(before, before)["p_value"] == 1.0


def test_recall_counts_only_whole_false_alarms() -> None:
    scores, target = np.array([5.0, 3.0, 1.0, 4.0, 2.0, 0.0, -1.0]), np.array([1, 1, 1, 0, 0, 0, 0])
    assert recall_at(scores, target, np.array([0.0, 0.25, 0.5])).round(3).tolist() == [0.333, 0.667, 1.0]


def test_moves_between_bands_are_counted_by_direction() -> None:
    counts, rows = moved(["low", "high", "low"], ["review", "high", "low"], ("low", "review", "high"))
    assert counts == {"low to review": 1}
    assert rows.tolist() == [0]


def row_scores(version: str, log_odds: list[float]) -> RowScores:
    n = len(log_odds) // 2
    ids = [f"lure-{i}" for i in range(n)] + [f"twin-{i}" for i in range(n)]
    return RowScores(
        version=version,
        ids=tuple(ids),
        labels=("scam_centre",) * n + ("legitimate",) * n,
        twins=tuple(f"twin-{i}" for i in range(n)) + tuple(f"lure-{i}" for i in range(n)),
        groups=np.array([*range(n), *range(n)]),
        log_odds=np.array(log_odds),
        stance=np.full(2 * n, -np.inf),
        thresholds={"review": 0.5, "high": 0.9, "not_an_advert": 0.5},
    )


def test_adverts_that_change_band_are_named_and_pairs_are_compared_one_by_one() -> None:
    before = row_scores("a", [1.0] * 10 + [-1.0] * 10)
    after = row_scores("b", [1.0] * 9 + [-2.0] + [-1.0] * 9 + [3.0])
    found = compare_scores(before, after)
    assert found["rows_compared"] == 20
    assert found["bands_changed"] == {"adverts": 2, "low to high": 1, "review to low": 1}
    assert {row["id"] for row in found["adverts_that_change_band"]} == {"lure-9", "twin-9"}
    assert found["lure_outscores_twin"]["right_only_in_a"] == 1
    assert found["mcnemar_at_the_review_line"]["honest texts left alone"]["right_only_in_a"] == 1
