"""Where candidates and releases lie, which ever served, and how to load one by its version."""

import json
from pathlib import Path
from typing import Any

from model.classifier.assessor import Assessor
from model.errors import InputError
from model.release import RELEASES, promoted_version
from model.training.config import CONFIG
from model.training.dataset import ROOT

CANDIDATES = ROOT / "candidates"
HISTORY = "promotions.jsonl"
"""Beside the releases: one line for every promotion and every rollback."""


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


def promotions(releases: Path = RELEASES) -> list[dict[str, Any]]:
    """Give every promotion and rollback on record, oldest first."""
    path = releases / HISTORY
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


def config_of(version: str | None) -> Path:
    """Give the configuration a candidate or release was trained with, the repository's own where it keeps none."""
    path = folder_of(version) / "config.toml"
    return path if path.is_file() else CONFIG


def load_assessor(
    version: str | None, *, candidates: Path = CANDIDATES, releases: Path = RELEASES
) -> Assessor:
    """Load a candidate or release for measuring."""
    folder = folder_of(version, candidates=candidates, releases=releases)
    return Assessor.load(version=folder.name, releases=folder.parent)
