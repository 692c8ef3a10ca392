"""Places as published → strings, each at most once."""

from collections.abc import Iterable


def join_place(parts: Iterable[str | None]) -> str | None:
    """Join the parts of one place, most specific first, leaving out repetitions."""
    seen: dict[str, str] = {}
    for part in parts:
        word = " ".join(part.split()) if part else ""
        if word:
            seen.setdefault(word.casefold(), word)
    return ", ".join(seen.values()) or None


def unique_places(places: Iterable[str | None]) -> tuple[str, ...]:
    """Keep each place once, in the order of the page."""
    seen: dict[str, str] = {}
    for place in places:
        if place:
            seen.setdefault(place.casefold(), place)
    return tuple(seen.values())
