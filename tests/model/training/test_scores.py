from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError, ReleaseError
from model.release import RELEASES, promoted_version
from model.schema.decision import Label
from model.training.dataset import Dataset
from model.training.fitting import Fitted
from model.training.printing import lines_of
from model.training.scores import SCORES, RowScores, load_scores, save_scores, scores_of
from model.training.shadow import Compared, shadow_differences, shadow_file

THRESHOLDS = {"review": 0.5, "high": 0.9, "not_an_advert": 0.5}


def scores(version: str) -> RowScores:
    names = ("scam_centre", "legitimate", "legitimate", "not_an_advert")
    rows = tuple(
        Label.model_validate({"id": f"r{i}", "text": f"text {i}", "label": name, "language": "en"})
        for i, name in enumerate(names)
    )
    heads = {
        "scam_centre": np.array([4.0, 0.5, -3.0, 2.0]),
        "not_an_advert": np.array([-2.0, -2.0, -2.0, 1.0]),
    }
    return scores_of(Dataset(rows, "sha256:0"), np.arange(4), Fitted({}, heads, THRESHOLDS), version)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    version = promoted_version()
    folder = tmp_path / version
    folder.mkdir()
    for path in (RELEASES / version).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_bands_follow_the_thresholds_and_a_warning_is_no_advert() -> None:
    assert scores("r").bands == ["high", "review", "low", "not_an_advert"]


def test_scores_come_back_as_they_were_saved(release: Path) -> None:
    saved = scores(release.name)
    save_scores(release, saved)
    loaded = load_scores(release)
    assert (loaded.ids, loaded.labels, loaded.twins) == (saved.ids, saved.labels, saved.twins)
    assert np.array_equal(loaded.log_odds, saved.log_odds)
    assert not loaded.refitted


def test_damaged_scores_are_refused_with_the_remedy(release: Path) -> None:
    (release / SCORES).write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(ReleaseError, match=SCORES):
        load_scores(release)


def pair(key: str, *said: tuple[float, str], is_lure: bool | None = None) -> Compared:
    scores, bands = zip(*said, strict=True)
    return Compared(key, "vi", scores, bands, is_lure)


def test_the_shadow_names_what_would_change() -> None:
    found = shadow_differences(
        [
            pair("0", (0.2, "low"), (0.95, "high")),
            pair("1", (0.6, "review"), (0.4, "low")),
            pair("2", (0.1, "low"), (0.1, "low")),
        ]
    )
    assert found["bands_changed"] == {"adverts": 2, "low to high": 1, "review to low": 1}
    assert found["bands_changed_by_language"] == {
        "vi": {"adverts": 3, "changed": 2, "low to high": 1, "review to low": 1}
    }
    assert [row["id"] for row in found["adverts_that_change_band"]] == ["0", "1"]
    assert found["scores_moved"]["largest"] == 0.75
    assert (found["score_shift"]["1%"], found["score_shift"]["50%"]) == (-0.196, 0.0)
    assert found["flagged_by_one_alone"] == {"a": 1, "b": 1, "p_value": 1.0}
    assert found["decided"] == {"not run": "nobody has decided any of these adverts"}


def test_what_people_decided_says_who_was_right_and_what_b_spoils_comes_first() -> None:
    found = shadow_differences(
        [
            pair("moved furthest", (0.1, "low"), (0.99, "high")),
            pair("spoilt", (0.6, "review"), (0.4, "low"), is_lure=True),
            pair("mended", (0.95, "high"), (0.1, "low"), is_lure=False),
            pair("kept", (0.7, "review"), (0.8, "review"), is_lure=True),
        ]
    )
    assert [row["id"] for row in found["adverts_that_change_band"]] == ["spoilt", "moved furthest", "mended"]
    assert [row["decided"] for row in found["adverts_that_change_band"]] == ["lure", "undecided", "honest"]
    decided = found["decided"]
    assert {side: decided["precision_of_flagged"][side]["value"] for side in ("a", "b")} == {
        "a": 0.6667,
        "b": 1.0,
    }
    assert decided["mcnemar"]["lures flagged"] == {"right_only_in_a": 1, "right_only_in_b": 0, "p_value": 1.0}
    assert decided["mcnemar"]["honest adverts left alone"]["right_only_in_b"] == 1


def test_a_share_of_nothing_is_no_figure_and_stays_json() -> None:
    found = shadow_differences([pair("0", (0.1, "low"), (0.2, "low"), is_lure=False)])
    assert found["decided"]["precision_of_flagged"]["a"]["value"] is None
    assert list(lines_of(found))


def test_the_shadow_of_a_file_scores_it_with_both(tmp_path: Path) -> None:
    path = tmp_path / "adverts.jsonl"
    path.write_text('{"id": "one", "text": "Typist wanted in Lisbon, contract, 40 hours a week"}\n')
    version = promoted_version()
    found = shadow_file(path, version, version)
    assert (found["adverts"], found["bands_changed"]) == (1, {"adverts": 0})
    path.write_text('{"id": "one"}\n')
    with pytest.raises(InputError, match=r"adverts.jsonl:1: is no advert"):
        shadow_file(path, version, version)
