"""What the service relies on in a detector: the small fake of the tests keeps it, and so does the release."""

import math

import pytest

from model.classifier.assessor import Assessor
from model.schema.assessment import Band
from service.assessing import BY_SCORE, Detector
from tests.factories import HONEST, LURE, UNCERTAIN, make_advert
from tests.fakes import Clock, PhraseDetector

TEXTS = (LURE, HONEST, UNCERTAIN, "Hi", "a\x00b \u200b包机票包吃住 柬埔寨 ✈️", "x" * 5000)


@pytest.fixture(scope="module", params=["fake", "release"])
def detector(request: pytest.FixtureRequest) -> Detector:
    return PhraseDetector() if request.param == "fake" else Assessor.load()


@pytest.mark.parametrize("text", TEXTS)
def test_an_assessment_keeps_what_the_service_builds_upon(
    detector: Detector, clock: Clock, text: str
) -> None:
    advert = make_advert(id="1", title="Work abroad", text=text)
    said = detector.assess(advert, at=clock())
    fields = dict(advert.texts)
    assert said == detector.assess_many([make_advert(id="0"), advert], at=clock())[1]
    assert (said.advert_id, said.assessed_at) == ("1", clock())
    assert (said.model_version, said.catalogue_version) == (
        detector.model_version,
        detector.catalogue_version,
    )
    assert said.patterns["scam_centre"] == said.score
    for reason in said.reasons:
        assert all(fields[span.field][span.start : span.end] == span.text for span in reason.spans)
    if said.band in BY_SCORE:
        logit = math.log(said.score / (1 - said.score))
        assert sum(reason.log_odds for reason in said.reasons) == pytest.approx(logit, abs=1e-6)
        expected = Band.HIGH if said.score >= said.thresholds.high else Band.REVIEW
        assert said.band == (expected if said.score >= said.thresholds.review else Band.LOW)
