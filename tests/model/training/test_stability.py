"""What partners were promised of their own thresholds: measured out of fold for a candidate, and for the release that serves."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from model.errors import GateError
from model.release import RELEASES, promoted_version
from model.schema.advert import JobAdvert
from model.schema.decision import LabelName
from model.training.config import load_config
from model.training.dataset import load_dataset
from model.training.promotion import promote_version
from model.training.scores import SCORES, RowScores, load_scores, save_scores
from model.training.stability import stability_of, unstable
from model.training.versions import load_assessor, promotions

AT = datetime(2026, 11, 22, tzinfo=UTC)
LURE, HONEST, OTHER = (
    str(name) for name in (LabelName.SCAM_CENTRE, LabelName.LEGITIMATE, LabelName.FEE_FRAUD)
)
LINES = {"review": 0.5, "high": 0.9, "not_an_advert": 0.5}
BARS = load_config().gate


def rows(scores: list[float], labels: list[str], **fields: object) -> RowScores:
    odds = np.log(np.array(scores) / (1 - np.array(scores)))
    n = len(scores)
    made = RowScores(
        version="r",
        ids=tuple(str(i) for i in range(n)),
        labels=tuple(labels),
        twins=("",) * n,
        groups=np.arange(n),
        log_odds=odds,
        stance=np.full(n, -np.inf),
        thresholds=LINES,
    )
    return replace(made, **fields)


def test_the_lines_are_those_of_the_earlier_release() -> None:
    before = rows([0.6, 0.95, 0.2], [LURE, LURE, HONEST])
    after = rows([0.6, 0.85, 0.2], [LURE, LURE, HONEST], thresholds={**LINES, "review": 0.1, "high": 0.8})
    found = stability_of(before, after)
    assert found["thresholds"] == {"review": 0.5, "high": 0.9}
    assert found["bands_changed"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert (found["precision_at_high"]["a"]["n"], found["precision_at_high"]["b"]["n"]) == (1, 0)


def test_only_adverts_that_both_know_are_compared_and_other_deceptions_count_for_neither() -> None:
    before = rows([0.6, 0.6, 0.6], [LURE, HONEST, OTHER])
    after = rows([0.6, 0.6, 0.6], [OTHER, HONEST, HONEST], ids=("2", "1", "new"))
    found = stability_of(before, after)
    assert found["adverts"] == 2
    assert (found["precision_at_review"]["a"]["n"], found["precision_at_review"]["a"]["value"]) == (1, 0.0)


@pytest.mark.parametrize(
    ("n_wrong", "is_refused"),
    [(10, False), (12, False), (13, True), (7, True)],
)
def test_a_move_of_more_than_two_points_either_way_is_named(n_wrong: int, *, is_refused: bool) -> None:
    def flagged(n_honest: int) -> RowScores:
        labels = [LURE] * 90 + [HONEST] * 20
        return rows([0.6] * (90 + n_honest) + [0.1] * (20 - n_honest), labels)

    faults = unstable(stability_of(flagged(10), flagged(n_wrong)), BARS)
    assert bool(faults) is is_refused
    assert all(
        fault.startswith("precision at an unchanged review line (0.5) moves from 90.0%") for fault in faults
    )


def test_a_handful_of_flagged_adverts_refuses_nobody() -> None:
    labels = [LURE, HONEST, *[HONEST] * 20]
    found = stability_of(rows([0.6] * 2 + [0.1] * 20, labels), rows([0.6, 0.1] + [0.1] * 20, labels))
    assert unstable(found, BARS) == []


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Give a serving release, and a candidate equal to it but for its out-of-fold scores."""
    found = {"releases": tmp_path / "releases", "candidates": tmp_path / "candidates"}
    version = promoted_version(RELEASES)
    shutil.copytree(RELEASES / version, found["releases"] / "r-serving")
    shutil.copytree(RELEASES / version, found["candidates"] / "r-candidate")
    (found["releases"] / "promoted.toml").write_text('release = "r-serving"\n')
    return found


def promote(places: dict[str, Path], *, force: bool = False) -> list[str]:
    return promote_version("r-candidate", force=force, reason="a test", at=AT, **places)


def test_promotion_refuses_a_candidate_at_whose_scores_partners_lines_mean_something_else(
    places: dict[str, Path],
) -> None:
    folder = places["candidates"] / "r-candidate"
    known = load_scores(folder)
    honest = np.flatnonzero(np.array(known.labels) == HONEST)[:200]
    raised = known.log_odds.copy()
    raised[honest] = 1.5
    save_scores(folder, replace(known, log_odds=raised))
    with pytest.raises(GateError, match="precision at an unchanged review line"):
        promote(places)
    assert promoted_version(places["releases"]) == "r-serving"
    lines = promote(places, force=True)
    assert any("authored adverts change band" in line for line in lines)
    (entry,) = promotions(places["releases"])
    assert entry["stability"]["bands_changed"]["value"] > 0.03
    assert entry["forced"]


def test_a_release_without_out_of_fold_scores_says_that_nothing_was_measured(places: dict[str, Path]) -> None:
    (places["releases"] / "r-serving" / SCORES).unlink()
    assert "not measured" in promote(places)[1]


def test_the_serving_release_keeps_what_partners_were_promised_or_its_promotion_was_forced_in_writing() -> (
    None
):
    version = promoted_version(RELEASES)
    entry = next(
        entry for entry in reversed(promotions(RELEASES)) if entry["release"] == version and entry["before"]
    )
    found = stability_of(*kept(entry["before"], version))
    faults = unstable(found, BARS)
    assert not faults or (entry["forced"] and entry["reason"]), faults
    if "stability" in entry:
        assert entry["stability"] == found
        assert set(faults) <= set(entry["faults"])


def kept(*versions: str) -> list[RowScores]:
    """Give the out-of-fold scores; where one release is from before they were kept, both score what they know."""
    folders = [RELEASES / version for version in versions]
    if all((folder / SCORES).is_file() for folder in folders):
        return [load_scores(folder) for folder in folders]
    return [scored(version) for version in versions]


def scored(version: str) -> RowScores:
    every = load_dataset(load_config().data.labels)
    data = replace(every, rows=every.rows[::3])
    assessor = load_assessor(version)
    adverts = [JobAdvert(id=row.id, title=row.title, description=row.text) for row in data.rows]
    said = assessor.assess_many(adverts, at=AT)
    by_score = np.array([one.band in {"low", "review", "high"} for one in said])
    return rows(
        [one.score for one in said],
        data.labels.tolist(),
        ids=tuple(row.id for row in data.rows),
        stance=np.where(by_score, -np.inf, np.inf),
        thresholds=assessor.release.thresholds,
    )
