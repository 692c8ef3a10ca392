"""The model package's front door: a `JobAdvert` in, an `Assessment` out.

`Assessor.load()` reads the promoted release once; `assess` and `assess_many` are pure and may be called from several threads.
"""

import gc
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np

from model.asking import Labelled
from model.classifier.bands import band_of, support_of, why_unassessed
from model.classifier.reasons import Explainer
from model.errors import ReleaseError
from model.facts.pay import rates_date
from model.features.columns import Column, ColumnMaker
from model.features.matrix import column_names
from model.features.reading import Reader, Reading
from model.features.routes import Route, find_route
from model.release import RELEASES, Release, columns_digest, load_release
from model.schema.advert import JobAdvert
from model.schema.assessment import (
    SCHEMA_VERSION,
    Assessment,
    Band,
    Fact,
    Language,
    Linked,
    Reason,
    Thresholds,
)
from model.schema.decision import PATTERNS, LabelName

_LINKED_TO_NOTHING = Linked()
_NAMES_EMPLOYER = frozenset({"legal_company_form", "official_employer"})
_CERTAIN = 30.0
"""Log-odds beyond this are the same probability in print; keeps scores inside (0, 1)."""


class Assessor:
    """Scores adverts with one release."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.thresholds = Thresholds(review=release.thresholds["review"], high=release.thresholds["high"])
        self._stance_threshold = release.thresholds["not_an_advert"]
        self._check_columns()
        self._reader = Reader(release.catalogue)
        self._maker = ColumnMaker(release.catalogue)
        self._explainer = Explainer(release.catalogue)
        self._index = {name: i for i, name in enumerate(release.columns)}
        # A head is there only if training had rows of its label.
        self._labels = tuple(
            label for label in (*PATTERNS, LabelName.NOT_AN_ADVERT) if label in release.heads
        )
        self._weights = np.stack([release.heads[label].weights for label in self._labels])
        self._intercepts = np.array([release.heads[label].intercept for label in self._labels])
        self._score_weights = dict(
            zip(release.columns, release.heads[LabelName.SCAM_CENTRE].weights.tolist(), strict=True)
        )

    @classmethod
    def load(cls, *, version: str | None = None, releases: Path = RELEASES) -> Self:
        """Load a release, the promoted one by default; raises `ReleaseError` naming what is wrong with it."""
        # A million small objects are made and all of them stay: collecting on the way doubles the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            assessor = cls(load_release(version, releases))
            gc.freeze()
            return assessor
        finally:
            if collecting:
                gc.enable()

    @property
    def model_version(self) -> str:
        """The release that scores."""
        return self.release.version

    @property
    def catalogue_version(self) -> str:
        """The catalogue it matches against."""
        return self.release.catalogue.version

    @property
    def learnt_from(self) -> Labelled:
        """How many adverts it was trained on, by language and by sign; a release from before that was kept says none."""
        return Labelled(**self.release.manifest.get("learnt_from", {}))

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        """Assess one advert; `at` is the time to stamp (UTC)."""
        reading = self._reader.read(advert)
        route = find_route(reading)
        return self._assessed(reading, route, self._maker.columns(reading, route), at)

    def assess_many(self, adverts: Iterable[JobAdvert], *, at: datetime) -> list[Assessment]:
        """Assess adverts in their order, each as `assess` would."""
        return [self.assess(advert, at=at) for advert in adverts]

    def columns(self, advert: JobAdvert) -> tuple[Reading, list[Column]]:
        """Give what was read and the columns, for training, evaluation and curious people."""
        reading = self._reader.read(advert)
        return reading, self._maker.columns(reading)

    def _assessed(
        self, reading: Reading, route: Route, columns: Sequence[Column], at: datetime
    ) -> Assessment:
        indices = [self._index[column.name] for column in columns]
        values = np.array([column.value for column in columns])
        log_odds = self._weights[:, indices] @ values + self._intercepts if indices else self._intercepts
        probabilities = {
            label: _probability(value) for label, value in zip(self._labels, log_odds.tolist(), strict=True)
        }
        score = probabilities[LabelName.SCAM_CENTRE]
        reasons = self._reasons(reading, columns, score)
        notes = _notes(reading)
        unassessed = why_unassessed(reading)
        if unassessed is not None:
            band, notes = Band.UNASSESSED, (unassessed, *notes)
        else:
            stance = probabilities.get(LabelName.NOT_AN_ADVERT, 0.0)
            band = band_of(score, stance, self.thresholds, stance_threshold=self._stance_threshold)
        guess = reading.language
        return Assessment.of_checked(
            advert_id=reading.advert.id,
            score=score,
            band=band,
            thresholds=self.thresholds,
            patterns={str(label): probabilities[label] for label in self._labels if label in PATTERNS},
            reasons=reasons,
            language=Language.of_checked(
                code=guess.code,
                script=guess.script,
                support=support_of(guess.code),
                confidence=guess.confidence,
            ),
            linked=_LINKED_TO_NOTHING,
            facts=_facts(reading, route),
            notes=notes,
            model_version=self.model_version,
            catalogue_version=self.catalogue_version,
            assessed_at=at,
            schema_version=SCHEMA_VERSION,
        )

    def _reasons(self, reading: Reading, columns: Sequence[Column], score: float) -> tuple[Reason, ...]:
        weights = self._score_weights
        total = sum(weights[column.name] * column.value for column in columns)
        # The baseline takes up the clipping at ±30, so that the reasons sum to the printed score.
        baseline = math.log(score / (1 - score)) - total
        return self._explainer.reasons(reading, columns, weights.__getitem__, baseline)

    def _check_columns(self) -> None:
        ours = column_names(self.release.catalogue)
        if columns_digest(ours) != columns_digest(self.release.columns):
            missing = sorted(set(self.release.columns) ^ set(ours))[:3]
            raise ReleaseError(
                f"{self.release.version}: was trained on other columns than this version computes "
                f"(for example {', '.join(missing)}); retrain or check out its code",
            )


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-_CERTAIN, min(_CERTAIN, log_odds))))


def _notes(reading: Reading) -> tuple[str, ...]:
    if reading.unread:
        return (f"only the beginning was read: {reading.unread} characters at the end were not",)
    return ()


def _facts(reading: Reading, route: Route) -> tuple[Fact, ...]:
    """Give what was understood, raw beside parsed, for people to check."""
    facts = []
    if route.audience is not None:
        facts.append(_fact("audience_country", route.audience, note=f"told by {route.audience_by}"))
    facts.append(_employer(reading))
    rate = route.going_rate_usd
    for pay in reading.pay:
        note = f"exchange rates of {rates_date()}"
        if rate is not None:
            note += f"; an office clerk there earns about {rate:.0f} USD a month"
        raw = _as_written(reading, pay.start, pay.end)
        facts.append(_fact("pay_monthly_usd", round(pay.monthly_usd[1], 2), raw=raw, note=note))
    for index, (relation, hit) in enumerate(route.places):
        raw = _as_written(reading, hit.start, hit.end) if index < route.n_in_text else None
        note = (
            f"{relation}, as seen from the readers' country" if raw else f"{relation}; stated beside the text"
        )
        facts.append(_fact("place", hit.name, raw=raw, note=note))
    for contact in reading.contacts:
        raw = _as_written(reading, contact.start, contact.end)
        facts.append(_fact("contact", str(contact.kind), raw=raw, note=contact.region))
    return tuple(facts)


def _employer(reading: Reading) -> Fact:
    """Say whether the advert names its employer, and whether the name is somebody else's."""
    stated = reading.context.employer
    if reading.look_alike_of is not None:
        return _fact("employer", "look_alike", raw=stated, note=f"plays on the name {reading.look_alike_of}")
    if stated:
        return _fact("employer", "named", raw=stated, note="stated beside the text")
    hit = next((hit for hit in reading.hits if hit.indicator in _NAMES_EMPLOYER), None)
    if hit is not None:
        raw = _as_written(reading, hit.start, hit.end)
        return _fact(
            "employer", "named", raw=raw, note="a company's legal form or an official body in the text"
        )
    return _fact("employer", "anonymous", note="no company is named in a form that can be looked up")


def _as_written(reading: Reading, start: int, end: int) -> str | None:
    span = reading.span(start, end)
    return span.text if span else None


def _fact(kind: str, value: str | float, *, note: str | None, raw: str | None = None) -> Fact:
    return Fact.of_checked(kind=kind, value=value, raw=raw, note=note)
