from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.errors import ReleaseError
from model.release import RELEASES, promoted_version
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band, Language, Thresholds
from model.schema.decision import Label
from model.training.dataset import Dataset
from model.training.fitting import Fitted
from model.training.scores import SCORES, RowScores, load_scores, save_scores, scores_of
from model.training.shadow import shadow_differences

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


@pytest.fixture
def assessed() -> Callable[[str, float, Band], Assessment]:
    def make(key: str, score: float, band: Band) -> Assessment:
        return Assessment.model_construct(
            advert_id=key,
            score=score,
            band=band,
            thresholds=Thresholds(review=0.5, high=0.9),
            language=Language.model_construct(code="vi", script="Latn"),
        )

    return make


def test_the_shadow_names_what_would_change(assessed: Callable[[str, float, Band], Assessment]) -> None:
    adverts = [JobAdvert(id=str(i), description="words") for i in range(3)]
    first = [assessed("0", 0.2, Band.LOW), assessed("1", 0.6, Band.REVIEW), assessed("2", 0.1, Band.LOW)]
    second = [assessed("0", 0.95, Band.HIGH), assessed("1", 0.4, Band.LOW), assessed("2", 0.1, Band.LOW)]
    found = shadow_differences(adverts, first, second)
    assert found["bands_changed"] == {"adverts": 2, "low to high": 1, "review to low": 1}
    assert found["bands_changed_by_language"] == {"vi": {"adverts": 3, "changed": 2}}
    assert [row["id"] for row in found["adverts_that_change_band"]] == ["0", "1"]
    assert found["scores_moved"]["largest"] == 0.75
