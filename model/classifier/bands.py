"""From scores to the names people use, by the thresholds a release was calibrated with."""

from model.features.reading import Reading
from model.schema.assessment import Band, Support, Thresholds

_FULL = frozenset("en zh th vi id ms fil km lo my ta hi bn ur ne si ko ja ru uz pt es fr ar tr sw am".split())
_PARTIAL = frozenset("kk pl te de ky tg uk be mr fa ca gl it nl ro af".split())
_LEAST_TOKENS = 3
"""Fewer tokens than this and no hit at all: nothing was said that could be judged."""


def support_of(language: str) -> Support:
    """Say how much the catalogue knows of a language."""
    if language in _FULL:
        return Support.FULL
    return Support.PARTIAL if language in _PARTIAL else Support.NONE


def why_unassessed(reading: Reading) -> str | None:
    """Say why an advert cannot be judged, None when it can: this is not the same as a low score."""
    found = bool(reading.hits or reading.places or reading.pay)
    support = support_of(reading.language.code)
    if len(reading.words) < _LEAST_TOKENS and not found:
        return "too little text to judge"
    if reading.language.code == "und" and not found:
        return "no words in any writing system that could be read"
    if support is Support.NONE and not found:
        return (
            f"the language ({reading.language.code}) is not supported, and nothing in the text was recognised"
        )
    return None


def band_of(score: float, not_an_advert: float, thresholds: Thresholds, *, stance_threshold: float) -> Band:
    """Name a score; a text that is more surely no advert than a lure is called so."""
    if not_an_advert >= stance_threshold and not_an_advert > score:
        return Band.NOT_AN_ADVERT
    if score >= thresholds.high:
        return Band.HIGH
    return Band.REVIEW if score >= thresholds.review else Band.LOW
