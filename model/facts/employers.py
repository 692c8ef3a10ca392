"""Tells when an advert borrows a well-known employer's name: a mail or web domain that plays on it, or a name spelt almost like it.

`shopee-hr.example` and `arnazon.example` are look-alikes; a firm's own domain, in whatever country, is not.
"""

import difflib
import functools
import re
from collections.abc import Iterable
from importlib import resources

import yaml

from model.facts.contacts import ContactFound
from model.schema.advert import ContactKind

_LIKENESS = 0.86
"""difflib's ratio from which a spelling is almost a name: one letter more, less or other in seven."""
_LEAST_LETTERS = 6
"""Shorter names are one letter away from ordinary words."""


@functools.cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    path = resources.files("model.facts").joinpath("employers.yaml")
    words = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return frozenset(words["names"]), frozenset(words["job_words"])


def find_look_alikes(
    contacts: Iterable[ContactFound], employer: str | None
) -> list[tuple[ContactFound | None, str]]:
    """Give each contact whose domain plays on a known name, and None for an employer's stated name that does, with the name."""
    found: list[tuple[ContactFound | None, str]] = []
    for contact in contacts:
        if contact.corporate and contact.kind in {ContactKind.EMAIL, ContactKind.URL}:
            name = _borrowed(_host(contact.value))
            if name is not None:
                found.append((contact, name))
    if employer:
        words = re.findall(r"\w+", employer.casefold())
        name = next((name for word in words if (name := _almost(word)) is not None), None)
        if name is not None:
            found.append((None, name))
    return found


def _host(value: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", value.rpartition("@")[2]).split("/", 1)[0]


def _borrowed(host: str) -> str | None:
    """Name whom a host name plays on: a known name with a job word hung on it, or a misspelling."""
    names, job_words = _names()
    for label in host.split(".")[:-1]:
        parts = label.split("-")
        known = next((part for part in parts if part in names), None)
        if known is not None and len(parts) > 1 and any(part in job_words for part in parts):
            return known
        if label in names:
            continue
        joined = next((stem for word in job_words if (stem := label.removesuffix(word)) in names), None)
        if joined is not None:
            return joined
        name = next((name for part in parts if (name := _almost(part)) is not None), None)
        if name is not None:
            return name
    return None


@functools.lru_cache(maxsize=10_000)
def _almost(word: str) -> str | None:
    """Name what a word is almost, but not quite, spelt like."""
    names, _ = _names()
    if word in names:
        return None
    plain = word.translate(_DIGITS).replace("rn", "m").replace("vv", "w")
    if plain != word and plain in names:
        return plain
    if len(word) < _LEAST_LETTERS:
        return None
    # One letter more, less or other leaves the length within one, and the first letter or the last.
    alike = [
        name
        for name in names
        if abs(len(name) - len(word)) <= 1
        and len(name) >= _LEAST_LETTERS
        and (name[0] == word[0] or name[-1] == word[-1])
    ]
    close = difflib.get_close_matches(word, alike, n=1, cutoff=_LIKENESS)
    return close[0] if close and word.rstrip("s") != close[0] else None


_DIGITS = str.maketrans("013", "ole")
