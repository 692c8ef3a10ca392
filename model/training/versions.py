"""Where candidates and releases lie, and how to load either by its version."""

from pathlib import Path

from model.classifier.assessor import Assessor
from model.errors import InputError
from model.release import RELEASES, promoted_version
from model.training.config import CONFIG
from model.training.dataset import ROOT

CANDIDATES = ROOT / "candidates"


def folder_of(version: str | None, *, candidates: Path = CANDIDATES, releases: Path = RELEASES) -> Path:
    """Give the folder of a candidate or release, the promoted one for None; raises `InputError` when there is none."""
    version = version or promoted_version(releases)
    for parent in (candidates, releases):
        if (parent / version / "manifest.json").is_file():
            return parent / version
    known = sorted(
        {path.parent.name for parent in (candidates, releases) for path in parent.glob("*/manifest.json")}
    )
    raise InputError(
        f"{version}: no such candidate or release; there are {', '.join(known) or 'none: run `lurewatch train`'}"
    )


def config_of(version: str | None) -> Path:
    """Give the configuration a candidate or release was trained with, the repository's own where it keeps none."""
    path = folder_of(version) / "config.toml"
    return path if path.is_file() else CONFIG


def load_assessor(version: str | None) -> Assessor:
    """Load a candidate or release for measuring."""
    folder = folder_of(version)
    return Assessor.load(version=folder.name, releases=folder.parent)
