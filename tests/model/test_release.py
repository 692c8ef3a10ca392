"""A release loads only when every byte is what its manifest says."""

import json
import shutil
from pathlib import Path

import pytest

from model.classifier.assessor import Assessor
from model.errors import ReleaseError
from model.release import RELEASES, load_release, promoted_version


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    version = promoted_version()
    shutil.copytree(RELEASES / version, tmp_path / version)
    (tmp_path / "promoted.toml").write_text(f'release = "{version}"\n', "utf-8")
    return tmp_path


def test_the_promoted_release_loads(copied: Path) -> None:
    assert load_release(releases=copied).version == promoted_version()


@pytest.mark.parametrize(
    "name", ["weights.npz", "catalogue.json.gz", "metrics.json", "CARD.md", "config.toml"]
)
def test_one_flipped_byte_is_refused_by_name(copied: Path, name: str) -> None:
    path = copied / promoted_version() / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReleaseError, match=name):
        load_release(releases=copied)


def test_a_missing_file_is_named(copied: Path) -> None:
    (copied / promoted_version() / "weights.npz").unlink()
    with pytest.raises(ReleaseError, match=r"weights\.npz: is missing"):
        load_release(releases=copied)


def test_a_release_trained_on_other_columns_is_refused(copied: Path) -> None:
    path = copied / promoted_version() / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["columns"][0] = "sign:something_else"
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(ReleaseError, match="column list"):
        Assessor.load(releases=copied)


@pytest.mark.parametrize("text", ["", "release = 3", "not toml ["])
def test_a_broken_promotion_says_what_to_write(copied: Path, text: str) -> None:
    (copied / "promoted.toml").write_text(text, "utf-8")
    with pytest.raises(ReleaseError, match="write `release"):
        promoted_version(copied)


def test_an_unknown_version_is_named(copied: Path) -> None:
    with pytest.raises(ReleaseError, match="r-none: no such release"):
        load_release("r-none", copied)
