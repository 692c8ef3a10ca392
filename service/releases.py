"""Releases by name, for partners who pin one: the serving one at hand, one other loaded when it is asked for.

A release takes some seconds to load and hundreds of megabytes, so at most one besides the serving one is
held; a call that names a third takes its place.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, Protocol, TypeVar

from model.errors import ReleaseError
from service.errors import FieldFault, InvalidFieldsError


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
