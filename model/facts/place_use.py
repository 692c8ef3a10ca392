"""Tells what a place's name is doing in an advert: a country that says who somebody is, a state behind a town's name."""

import functools
import re
from collections.abc import Iterator
from importlib import resources

import yaml

from model.text.normalise import normalise
from model.text.tokens import is_unspaced


def names_people(text: str, start: int, end: int) -> bool:
    """Tell whether a country named at `text[start:end]` (folded) says who somebody is, not where the work is."""
    before, after, attached = _people_words()
    endings, names = _people_endings()
    behind, word = text[end : end + _NEAR], text[start:end]
    return (
        (word.endswith(endings) and word not in names)
        or f" {text[max(0, start - _NEAR) : start]}".rstrip(" ").endswith(before)
        or behind.startswith(attached)
        or behind.lstrip(" ").startswith(after)
    )


def find_states(text: str) -> Iterator[tuple[int, int]]:
    """Find states of the USA as adverts there name a town: `Clawson, MI`; the caller checks the capitals."""
    for match in _STATE.finditer(text):
        yield match.span(1)


@functools.cache
def _people_words() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give the words before a name, those after it, and the single letters that only count where they touch it."""
    before, after = _written("before"), _written("after")
    begun = tuple(word if is_unspaced(word[0]) else f" {word}" for word in before)
    return begun, tuple(w for w in after if len(w) > 1), tuple(w for w in after if len(w) == 1)


@functools.cache
def _people_endings() -> tuple[tuple[str, ...], frozenset[str]]:
    """Give the endings that make people or a language of a country, and the countries whose names end so."""
    return tuple(_written("endings")), frozenset(_written("names"))


def _written(side: str) -> list[str]:
    return [normalise(word).text for words in _people()[side].values() for word in words]


@functools.cache
def _people() -> dict[str, dict[str, list[str]]]:
    path = resources.files("model.facts").joinpath("people.yaml")
    words: dict[str, dict[str, list[str]]] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return words


_NEAR = 24
_STATE = re.compile(
    r", ?(a[klrz]|c[aot]|de|fl|ga|hi|i[adln]|k[sy]|la|m[adeinost]|n[cdehjmvy]|o[hkr]|pa|ri|s[cd]|t[nx]|ut|v[at]|w[aivy])"
    r"(?=\s*(?:\Z|[\n,.;:|()$–-]|\d))"
)
