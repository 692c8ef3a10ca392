import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from model.training.measures import share_of
from model.training.operating import Scored, operating_points, review_budgets
from model.training.report import write_report
from model.training.report_tables import exact_share, with_bounds


def result_of(**fields: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    target = np.array([1] * 40 + [0] * 160)
    scores = 1 / (1 + np.exp(-random.normal(np.where(target, 1.5, -2.0), 1.2)))
    plots = {"scores": scores.tolist(), "target": target.tolist(), "title": "Made-up <scores>"}
    return {"model_version": "r1", "threshold": 0.5, "threshold_rule": "a rule", "_plots": plots, **fields}


class Outside(HTMLParser):
    """Collects what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = [v or "" for k, v in attrs if k in {"src", "href", "srcset", "action"}]
        self.found += [v for v in values if not v.startswith(("#", "data:image/"))]
        self.found += [tag] if tag in {"script", "link", "iframe", "object"} else []


def test_the_page_needs_nothing_beside_itself() -> None:
    parser = Outside()
    page = write_report(result_of())
    parser.feed(page)
    assert parser.found == []
    assert "Made-up &lt;scores&gt;" in page


def test_the_page_is_the_same_for_the_same_result() -> None:
    assert write_report(result_of()) == write_report(result_of())


def test_the_threshold_rule_and_the_curves_are_on_the_page() -> None:
    page = write_report(result_of())
    assert "a rule" in page
    assert page.count("data:image/svg+xml;base64,") == 4


def test_a_share_stands_with_interval_and_count_and_a_thin_one_is_marked() -> None:
    shares = {
        "vi": {"value": 0.5, "n": 6, "low": 0.1, "high": 0.9},
        "en": {"value": 0.7, "n": 80, "low": 0.6, "high": 0.8},
    }
    page = write_report(result_of(recall_by_language=shares))
    table = page[page.index('id="recall_by_language"') :]
    thin = re.search(r"<td>Vietnamese \(vi\)</td>.*?</tr>", table, re.DOTALL)
    thick = re.search(r"<td>English \(en\)</td>.*?</tr>", table, re.DOTALL)
    assert thin is not None
    assert thick is not None
    assert all(part in thin[0] for part in ("50.0%", "[10.0 to 90.0]", "n &lt; 20", "<td>6</td>"))
    assert "n &lt; 20" not in thick[0]
    assert "1 shares below rest on fewer than 20 cases" in page


def test_a_section_nobody_planned_for_is_shown_all_the_same() -> None:
    page = write_report(
        result_of(new_idea={"some_figure": 0.1234, "list": [1, 2], "deeper": {"still": {"here": 7}}})
    )
    assert all(
        words in page for words in ("New idea", "some figure", "0.1234", "1, 2", "deeper · still", "here")
    )


def test_a_result_without_curves_still_gives_a_page() -> None:
    page = write_report({"rows": 3, "random_split": {"warning": "it flatters"}})
    assert '<p class="note">it flatters</p>' in page
    assert "data:image" not in page


def test_folds_of_all_splits_are_drawn_once() -> None:
    measure = {"average_precision": {"mean": 0.5, "spread": 0.1, "folds": [0.4, 0.6]}}
    page = write_report({"grouped_split": {"ours": measure}, "random_split": {"ours": measure}})
    assert page.count("data:image/svg+xml;base64,") == 1
    assert "0.500 ± 0.100" in page


def test_not_measured_is_said_not_shown_as_zero() -> None:
    page = write_report(result_of(pairs={"won": share_of(np.array([], dtype=bool)).to_json()}))
    assert "not measured" in page[page.index('id="pairs"') :]


def test_a_missing_file_word_is_never_left_open() -> None:
    assert "{error" not in write_report(result_of())


@pytest.mark.parametrize(
    ("value", "n", "low", "high"),
    [(1.0, 5, 0.4782, 1.0), (0.0, 20, 0.0, 0.1684), (0.5, 10, 0.1871, 0.8129)],
)
def test_exact_intervals_are_those_of_clopper_and_pearson(
    value: float, n: int, low: float, high: float
) -> None:
    share = exact_share(value, n)
    assert (round(share["low"], 4), round(share["high"], 4)) == (low, high)


def test_all_of_five_is_not_shown_as_certain() -> None:
    assert with_bounds({"value": 1.0, "n": 5, "low": 1.0, "high": 1.0})["low"] == pytest.approx(
        0.4782, abs=1e-4
    )
    untouched = {"value": 0.5, "n": 10, "low": 0.2, "high": 0.8}
    assert with_bounds(untouched) == untouched


def scored(lures: list[float], honest: list[float]) -> Scored:
    values = np.array([*lures, *honest])
    target = np.array([1] * len(lures) + [0] * len(honest))
    return Scored(values, target, np.ones(len(values)))


def test_recall_at_an_allowance_counts_ties_with_honest_texts_as_missed() -> None:
    drawn = scored([0.9, 0.5, 0.4], [0.5, 0.3, 0.2, 0.1])
    rates = np.array([0.0, 0.25, 1.0])
    assert drawn.recall_at(rates).round(3).tolist() == [0.333, 1.0, 1.0]


def test_precision_is_the_best_at_that_recall_or_above() -> None:
    drawn = scored([0.9, 0.4], [0.5, 0.3])
    assert drawn.precision_at(np.array([0.5, 1.0])).round(3).tolist() == [1.0, 0.667]


def test_a_team_cannot_find_more_lures_than_it_looks_at() -> None:
    perfect = scored([0.9] * 30, [0.1] * 300)
    recalls = {(base_rate, budget): share["value"] for base_rate, budget, share in review_budgets(perfect)}
    assert recalls[(0.01, 50)] == 0.5
    assert recalls[(0.001, 50)] == 1.0


def test_operating_points_hold_their_value_within_their_interval() -> None:
    plots = result_of()["_plots"]
    for _, share in operating_points(Scored.of(plots)):
        assert share["low"] <= share["value"] <= share["high"]


def test_copies_of_one_case_do_not_narrow_the_interval() -> None:
    """Ten copies of every row are ten times the rows and not one case more."""
    random = np.random.default_rng(3)
    target = np.repeat([1, 0], [12, 60])
    scores = random.normal(target * 1.0)
    alone = Scored(scores, target, np.ones(72))
    groups = np.repeat(np.arange(72), 10)
    copied = Scored(np.repeat(scores, 10), np.repeat(target, 10), np.ones(720), groups)
    naive = Scored(copied.scores, copied.target, copied.weights)
    widths = [
        (share["high"] - share["low"])
        for drawn in (alone, copied, naive)
        for name, share in operating_points(drawn)
        if name == "average precision"
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.2)
    assert widths[2] < 0.5 * widths[0]
