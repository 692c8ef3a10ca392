"""A detector small enough to read: a few phrases with weights, additive as the real one.

Use it where a test is about the service; `tests/contract` holds it to what the real one promises.
"""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from model.asking import Labelled
from model.schema.advert import JobAdvert
from model.schema.assessment import (
    Assessment,
    Band,
    Fact,
    Language,
    Reason,
    Source,
    Span,
    Support,
    Thresholds,
)

BASELINE = -3.0
SIGNS = (
    (
        "all_inclusive_package",
        "Flight, room and meals all paid",
        r"free flight, room and meals|包机票包吃住",
        3.2,
    ),
    ("hotspot_destination", "Names a place known for compounds", r"cambodia|poipet|柬埔寨", 2.1),
    ("no_qualifications_needed", "Asks for nothing", r"no experience needed", 0.9),
    ("telegram_contact", "Answers by Telegram", r"telegram @\w+", 1.3),
    ("written_contract", "Offers a contract under an agreement", r"contract under [\w ]+ agreement", -2.0),
)
SOURCE = Source(
    publisher="Example Ministry", title="Warning on offers abroad", url="https://example.org/w", year=2023
)


class PhraseDetector:
    """Knows five phrases."""

    model_version = "fake-1"
    catalogue_version = "fake-1"
    thresholds = Thresholds(review=0.5, high=0.9)
    learnt_from = Labelled(languages={"en": 100}, signs={code: 100 for code, *_ in SIGNS})

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        reasons = [Reason(code="baseline", title="Before reading", log_odds=BASELINE)]
        for code, title, pattern, weight in SIGNS:
            spans = tuple(
                Span(field=name, start=m.start(), end=m.end(), text=m.group(), gloss=title.lower())
                for name, text in advert.texts
                for m in re.finditer(pattern, text, re.IGNORECASE)
            )
            if spans:
                reasons.append(
                    Reason(code=code, title=title, log_odds=weight, spans=spans, sources=(SOURCE,))
                )
        score = 1 / (1 + math.exp(-sum(reason.log_odds for reason in reasons)))
        reasons.sort(key=lambda reason: -abs(reason.log_odds))
        return Assessment(
            advert_id=advert.id,
            score=score,
            band=self._band(advert, score),
            thresholds=self.thresholds,
            patterns={"scam_centre": score, "fee_fraud": 0.02, "task_scam": 0.01, "money_mule": 0.01},
            reasons=tuple(reasons),
            language=Language(code="en", script="Latn", support=Support.FULL, confidence=0.9),
            facts=(Fact(kind="n_words", value=float(sum(len(text.split()) for _, text in advert.texts))),),
            model_version=self.model_version,
            catalogue_version=self.catalogue_version,
            assessed_at=at,
        )

    def assess_many(self, adverts: Sequence[JobAdvert], *, at: datetime) -> list[Assessment]:
        return [self.assess(advert, at=at) for advert in adverts]

    def _band(self, advert: JobAdvert, score: float) -> Band:
        if sum(len(text) for _, text in advert.texts) < 5:
            return Band.UNASSESSED
        if score >= self.thresholds.high:
            return Band.HIGH
        return Band.REVIEW if score >= self.thresholds.review else Band.LOW


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)
