"""Releases by name: for partners who pin one, for a shadow, and for whoever asks which one learnt a batch of labels.

A release takes some seconds to load and hundreds of megabytes, so at most one besides the serving one is held for
those who pin; a call that names a third takes its place. A shadow's candidate is held by the process that scores with it.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from model.errors import ReleaseError
from model.release import RELEASES, promoted_version
from service.errors import FieldFault, InvalidFieldsError

if TYPE_CHECKING:
    from model.classifier.assessor import Assessor


class Versioned(Protocol):
    """Something that knows which release it is."""

    @property
    def model_version(self) -> str:
        """The release that answers."""


D = TypeVar("D", bound=Versioned)


class Releases(Generic[D]):
    """Gives the detector of a release."""

    def __init__(self, serving: D, load: Callable[[str], D]) -> None:
        self._serving = serving
        self._load = load
        self._guard = Lock()
        self._other: D | None = None

    def get(self, version: str | None) -> D:
        """Give the detector of that release, the serving one by default; raises 422 when it is not installed."""
        if version is None or version == self._serving.model_version:
            return self._serving
        with self._guard:
            if self._other is None or self._other.model_version != version:
                self._other = self._loaded(version)
            return self._other

    def _loaded(self, version: str) -> D:
        try:
            return self._load(version)
        except ReleaseError:
            fault = FieldFault(
                "/model", "unknown_release", "no such release is installed; /version names one"
            )
            raise InvalidFieldsError(f"/model: {fault.detail}", faults=[fault]) from None


def folder_of_releases(releases: Path | None) -> Path:
    """Give the folder that the settings name, the one in the repository by default."""
    return releases or RELEASES


def load_candidate(version: str, *, releases: Path | None) -> "Assessor":
    """Load a candidate or a release; raises `model.errors.InputError` naming those there are."""
    from model.training.versions import load_assessor

    return load_assessor(version, releases=folder_of_releases(releases))


def labels_behind(versions: Iterable[str], *, releases: Path | None) -> frozenset[str]:
    """Give the digests of every label file that any of these candidates or releases was trained with."""
    from model.training.versions import folder_of

    folders = [folder_of(version, releases=folder_of_releases(releases)) for version in versions]
    return frozenset().union(*(_label_files(folder) for folder in folders))


def find_learner(batch_sha256: str, *, releases: Path | None) -> str | None:
    """Name the first release, in the order of their promotion, that was trained with a batch of labels."""
    from model.training.versions import promotions

    folder = folder_of_releases(releases)
    ever_promoted = [str(entry["release"]) for entry in promotions(folder)]
    with suppress(ReleaseError):  # a line in promoted.toml is a promotion too, and one may serve without it
        ever_promoted.append(promoted_version(folder))
    return next((one for one in ever_promoted if batch_sha256 in _label_files(folder / one)), None)


def _label_files(folder: Path) -> frozenset[str]:
    """Give the digests of a release's label files; none for one that is gone, or from before they were written down."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        return frozenset()
    return frozenset(batch["sha256"] for batch in manifest.get("label_batches", ()))
