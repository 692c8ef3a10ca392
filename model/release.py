"""Releases on disk: arrays, JSON and words, never a pickle; every file's digest is checked before it is read.

A release folder holds `manifest.json` (digests, columns, thresholds, versions), `weights.npz` (plain arrays),
`catalogue.json.gz` (the wording it was trained with), `metrics.json`, `config.toml` and `CARD.md`. Which release serves is one line
of `releases/promoted.toml`; editing that line is the promotion.
"""

import gzip
import hashlib
import io
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ReleaseError
from model.indicators.registry import Catalogue, catalogue_from_json, catalogue_to_json

RELEASES = Path(__file__).parent / "releases"
FORMAT = 1
_CHECKED = ("weights.npz", "catalogue.json.gz", "metrics.json", "config.toml", "CARD.md")


@dataclass(frozen=True)
class Head:
    """One calibrated additive head: log-odds = intercept + weights · columns."""

    weights: NDArray[np.float64]
    intercept: float


@dataclass(frozen=True)
class Release:
    """Everything a score depends on."""

    version: str
    columns: tuple[str, ...]
    heads: dict[str, Head]
    """By label; `scam_centre` is the score, `not_an_advert` the stance."""
    thresholds: dict[str, float]
    """`review`, `high`, `not_an_advert`."""
    catalogue: Catalogue
    manifest: dict[str, Any]
    metrics: dict[str, Any]


def promoted_version(releases: Path = RELEASES) -> str:
    """Name the serving release."""
    path = releases / "promoted.toml"
    try:
        value = tomllib.loads(path.read_text("utf-8")).get("release")
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReleaseError(
            f'{path.name}: cannot tell which release serves ({error}); write `release = "VERSION"` there'
        ) from error
    if not isinstance(value, str) or not value:
        raise ReleaseError(f'{path.name}: names no release; write `release = "VERSION"` there')
    return value


def save_release(folder: Path, release: Release, *, card: str, config: str) -> None:
    """Write a release into an empty or new folder; the manifest comes last, so a half-written one never loads."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"{label}.weights": head.weights for label, head in release.heads.items()}
    arrays |= {f"{label}.intercept": np.array([head.intercept]) for label, head in release.heads.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    contents = {
        "weights.npz": buffer.getvalue(),
        "catalogue.json.gz": gzip.compress(catalogue_to_json(release.catalogue), mtime=0),
        "metrics.json": (
            json.dumps(release.metrics, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        ).encode(),
        "config.toml": config.encode(),
        "CARD.md": card.encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = {
        **release.manifest,
        "format": FORMAT,
        "version": release.version,
        "columns": list(release.columns),
        "columns_digest": columns_digest(release.columns),
        "labels": sorted(release.heads),
        "thresholds": release.thresholds,
        "catalogue_version": release.catalogue.version,
        "weights_digest": _weights_digest(release.heads),
        "files": {name: _digest(content) for name, content in contents.items()},
    }
    (folder / "manifest.json").write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
    )


def load_release(version: str | None = None, releases: Path = RELEASES) -> Release:
    """Load a release after checking every digest; raises `ReleaseError` naming the file at fault."""
    version = version or promoted_version(releases)
    folder = releases / version
    manifest = _manifest(folder, version)
    contents = {name: _checked(folder, name, manifest) for name in _CHECKED}
    columns = tuple(manifest["columns"])
    if columns_digest(columns) != manifest["columns_digest"]:
        raise ReleaseError(
            f"{version}/manifest.json: its column list does not match its digest; restore the release from the repository"
        )
    try:
        arrays = np.load(io.BytesIO(contents["weights.npz"]), allow_pickle=False)
        heads = {
            label: Head(
                np.asarray(arrays[f"{label}.weights"], dtype=np.float64),
                float(arrays[f"{label}.intercept"][0]),
            )
            for label in manifest["labels"]
        }
    except (KeyError, ValueError, OSError) as error:
        raise ReleaseError(f"{version}/weights.npz: is not what the manifest says ({error})") from error
    for label, head in heads.items():
        if head.weights.shape != (len(columns),):
            raise ReleaseError(
                f"{version}/weights.npz: {label} has {head.weights.size} weights for {len(columns)} columns; retrain"
            )
    return Release(
        version=version,
        columns=columns,
        heads=heads,
        thresholds=dict(manifest["thresholds"]),
        catalogue=catalogue_from_json(gzip.decompress(contents["catalogue.json.gz"])),
        manifest=manifest,
        metrics=json.loads(contents["metrics.json"]),
    )


def columns_digest(columns: tuple[str, ...]) -> str:
    """Digest of a column list: a release refuses to score with others."""
    return _digest("\n".join(columns).encode())


def _weights_digest(heads: dict[str, Head]) -> str:
    """Digest of the numbers themselves: the file's own bytes carry time stamps."""
    digest = hashlib.sha256()
    for label in sorted(heads):
        digest.update(label.encode())
        digest.update(np.round(heads[label].weights, 6).tobytes())
        digest.update(np.round([heads[label].intercept], 6).tobytes())
    return "sha256:" + digest.hexdigest()


def _manifest(folder: Path, version: str) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ReleaseError(
            f"{version}: no such release (no manifest.json); `lurewatch train` makes one, `promoted.toml` names one"
        ) from error
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{version}/manifest.json: cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ReleaseError(
            f"{version}/manifest.json: format {manifest.get('format')!r}, this Lurewatch reads {FORMAT}; retrain"
        )
    return manifest


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    expected = manifest.get("files", {}).get(name)
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ReleaseError(
            f"{folder.name}/{name}: is missing; restore the release from the repository"
        ) from error
    if _digest(content) != expected:
        raise ReleaseError(
            f"{folder.name}/{name}: digest differs from the manifest; refusing to load it. Restore the release from the repository"
        )
    return content


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
