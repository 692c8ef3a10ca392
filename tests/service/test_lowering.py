"""The fewest reasons without which an advert stays under a line: exact, and no smaller set would do."""

import itertools
import math
import random
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from model.schema.assessment import Assessment, Band, Reason, Span, Thresholds
from service.assessing import Context
from service.console.lowering import lowerings_of
from tests.factories import HONEST, LURE, make_advert
from tests.fakes import Clock, PhraseDetector
from tests.service.test_review import add


def logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def assessed(
    *weights: float, spans: dict[int, tuple[int, int]] | None = None, baseline: float = -3.0
) -> Assessment:
    reasons = [Reason(code="baseline", title="Before", log_odds=baseline)]
    for n, weight in enumerate(weights, start=1):
        start, end = (spans or {}).get(n, (n * 10, n * 10 + 5))
        span = Span(field="description", start=start, end=end, text="x" * (end - start))
        reasons.append(Reason(code=f"r{n}", title=f"Reason {n}", log_odds=weight, spans=(span,)))
    said = PhraseDetector().assess(make_advert(text=HONEST), at=Clock()())
    return said.model_copy(
        update={"reasons": tuple(reasons), "score": logistic(sum(weights) + baseline), "band": Band.HIGH}
    )


def numbers(assessment: Assessment) -> dict[str, int]:
    return {reason.code: n for n, reason in enumerate(assessment.reasons)}


def test_no_smaller_set_of_reasons_would_do() -> None:
    draw = random.Random(5)
    n_lines = 0
    for _ in range(200):
        weights = [round(draw.uniform(-1.5, 2.5), 3) for _ in range(draw.randint(1, 7))]
        said = assessed(*weights)
        for one in lowerings_of(said, numbers(said)):
            n_lines += 1
            total = sum(weights) - 3.0
            left = total - sum(weights[n - 1] for n in one.numbers)
            assert math.isclose(one.score, logistic(left), rel_tol=1e-9)
            assert one.score < one.threshold <= said.score
            for fewer in itertools.combinations(weights, len(one.numbers) - 1):
                assert logistic(total - sum(fewer)) >= one.threshold
    assert n_lines > 50


def test_reasons_on_the_same_words_go_together_with_what_speaks_against() -> None:
    same = {1: (0, 5), 2: (0, 5), 3: (0, 5)}
    said = assessed(3.0, 1.0, -2.5, 2.4, 0.2, spans=same)
    review = lowerings_of(said, numbers(said))[-1]
    assert review.numbers == (4,)
    said = assessed(3.0, 1.5, -0.5, 0.4, spans=same)
    assert lowerings_of(said, numbers(said))[-1].numbers == (1, 2, 3)


@pytest.mark.parametrize("band", [Band.NOT_AN_ADVERT, Band.UNASSESSED])
def test_what_no_line_decides_has_nothing_to_lower(band: Band) -> None:
    said = assessed(4.0, 4.0).model_copy(update={"band": band})
    assert lowerings_of(said, numbers(said)) == []
    low = assessed(0.1)
    assert lowerings_of(low, numbers(low)) == []


def test_a_score_that_starts_above_the_line_says_that_nothing_is_enough() -> None:
    said = assessed(0.5, baseline=3.0).model_copy(update={"thresholds": Thresholds(review=0.5, high=0.96)})
    high, review = lowerings_of(said, numbers(said))
    assert (high.line, high.numbers) == ("high", (1,))
    assert (review.line, review.numbers) == ("review", ())


def test_the_page_names_them_by_their_number_and_title(
    context: Context, browse: Callable[..., TestClient]
) -> None:
    review_id = add(context, LURE)[0]
    page = browse().get(f"/console/reviews/{review_id}").text
    part = re.search(r"What would lower this score.*?</section>", page, re.DOTALL)[0]
    assert "it would be at 0.79, under the line of 0.90 for high." in part
    assert part.count("Flight, room and meals all paid") == 2
    for number in re.findall(r'href="#reason-(\d+)"', part):
        assert f'id="reason-{number}"' in page


def test_it_stays_in_the_console(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"text": LURE}).text
    assert "lower" not in answer
