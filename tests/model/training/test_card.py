import json
from pathlib import Path
from typing import Any

import pytest

from model.errors import InputError, ReleaseError
from model.release import RELEASES, load_release, promoted_version
from model.training.card import amend_card, real_section


def share(value: float, n: int) -> dict[str, Any]:
    return {"value": value, "n": n, "low": value / 2, "high": min(1.0, value * 1.5)}


def result(recall: float) -> dict[str, Any]:
    return {
        "data_digest": "sha256:0123456789abcdef",
        "threshold": 0.61,
        "threshold_rule": "at most 1% of legitimate texts at or above it",
        "counts": {"positives": 20, "twins": 18, "negatives": 50, "windows": 50},
        "recall": {"tiers A+B": share(recall, 22), "by_language": {"vi": share(0.25, 8)}},
        "pairs": share(0.9, 18),
        "false_alarms": {"honest twins": share(0.02, 18), "negatives": {"informal": share(0.01, 30)}},
        "artefact_probes": {"lures against their twins": {"style": 0.53}},
        "attacks": {"recall_before": 0.6, "zero_width": {"recall": 0.55, "drop": 0.05}, "mean_drop": 0.05},
    }


@pytest.fixture
def release(tmp_path: Path) -> Path:
    version = promoted_version()
    folder = tmp_path / version
    folder.mkdir()
    for path in (RELEASES / version).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_the_card_says_per_slice_what_was_measured_and_how(release: Path) -> None:
    card = amend_card(release, real_section(result(0.545))).read_text("utf-8")
    for said in (
        "| recall, tiers A+B | 54.5%",
        "| vi | 25.0%",
        "| informal | 1.0%",
        "| zero width | 55.0% | -5.0% |",
    ):
        assert said in card
    assert "--protocol real" in card
    assert "twins with\n0.53" in card
    assert card.index("On real adverts") < card.index("## Known limits")


def test_an_amended_release_still_loads_and_a_tampered_one_does_not(release: Path) -> None:
    amend_card(release, real_section(result(0.5)))
    load_release(release.name, release.parent)
    (release / "CARD.md").write_text("all is well", "utf-8")
    with pytest.raises(ReleaseError, match=r"CARD\.md"):
        load_release(release.name, release.parent)


def test_a_second_measurement_replaces_the_first(release: Path) -> None:
    amend_card(release, real_section(result(0.5)))
    once = (release / "CARD.md").read_text("utf-8")
    amend_card(release, real_section(result(0.25)))
    card = (release / "CARD.md").read_text("utf-8")
    assert card.count("## On real adverts") == 1
    assert (
        once.replace("| recall, tiers A+B | 50.0% [25.0%-75.0%]", "| recall, tiers A+B | 25.0% [12.5%-37.5%]")
        == card
    )


def test_a_folder_without_a_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no release"):
        amend_card(tmp_path, "words")


def test_the_weights_do_not_change_with_the_card(release: Path) -> None:
    before = json.loads((release / "manifest.json").read_text("utf-8"))
    amend_card(release, real_section(result(0.5)))
    after = json.loads((release / "manifest.json").read_text("utf-8"))
    assert {k for k in before if before[k] != after[k]} == {"files"}
    assert {k for k in before["files"] if before["files"][k] != after["files"][k]} == {"CARD.md"}
