"""The parts of the evaluation: splits that do not leak, curves, swaps, drift, excerpts."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from model.asking import Labelled
from model.classifier.prior import Prior
from model.errors import InputError
from model.schema.assessment import Assessment, Reason, Span, Thresholds
from model.schema.decision import Label
from model.training.dataset import Dataset, groups_of
from model.training.drift import drift_of, stability_index
from model.training.fairness import swaps_of
from model.training.fitting import split_folds
from model.training.labels_protocol import left_out_folds
from model.training.learning import (
    ORDERS,
    Lesson,
    Pool,
    active_curves,
    learning_curve,
    learnt_from,
    signs_of,
)
from model.training.materials import Materials
from model.training.rivals import ENSEMBLE, RIVALS, Task, compare_on, ngrams_of
from model.training.slices import slices_of, source_of
from model.training.worst import marked_pieces

PLANTED = (
    "Typing work in Poipet, flight and room paid, 2500 USD a month, no experience, write @example_hr now"
)


def label(key: str, text: str, name: str = "legitimate", **fields: Any) -> Label:
    return Label.model_validate({"id": key, "text": text, "label": name, "language": "en", **fields})


def test_a_planted_copy_of_a_campaign_never_stands_on_both_sides() -> None:
    others = [
        label(f"r{i}", f"{word} wanted in {place}, shift {i}", ("legitimate", "scam_centre")[i % 2])
        for i, (word, place) in enumerate(
            (word, place)
            for word in ("Baker", "Welder", "Nurse", "Tailor", "Porter", "Cook")
            for place in ("Lisbon", "Cebu", "Osh")
        )
    ]
    copies = [label(f"c{i}", PLANTED.replace("now", f"now {i}"), "scam_centre") for i in range(4)]
    data = Dataset((*others, *copies), "sha256:0")
    groups = groups_of(data.rows)
    assert len(set(groups[-4:].tolist())) == 1
    for train, test in split_folds(data, groups, n_folds=4, seed=0):
        assert not set(groups[train]) & set(groups[test])
    for train, test in left_out_folds(np.array(["a", "b"] * 11), groups):
        assert not set(groups[train]) & set(groups[test])


def task(n: int = 240, seed: int = 0) -> Task:
    random = np.random.default_rng(seed)
    target = np.tile([1, 0], n // 2)
    columns = (random.random((n, 6)) < 0.2 + 0.4 * target[:, None] * np.array([1, 1, 1, 0, 0, 0])).astype(
        float
    )
    words = [("fly to the park " if t else "come to the shop ") + "abc"[i % 3] for i, t in enumerate(target)]
    prior = Prior(np.array([0.5] * 3 + [0.0] * 3), np.array([0.0] * 3 + [-np.inf] * 3), np.full(6, np.inf))
    return Task(sparse.csr_matrix(columns), ngrams_of(words), target, np.ones(n), prior, 5.0)


def test_every_rival_learns_and_the_ensemble_is_the_mean_of_its_members() -> None:
    rows = np.arange(240)
    made = task()
    found = compare_on(made, [(rows[:160], rows[160:])], what="fitting")
    assert found.keys() == {*RIVALS, ENSEMBLE}
    for name, log_odds in found.items():
        assert np.isnan(log_odds[:160]).all(), name
        lures, honest = log_odds[160:][made.target[160:] == 1], log_odds[160:][made.target[160:] == 0]
        assert lures.mean() > honest.mean() + 0.5, name
    members = [found[name][160:] for name in ("indicators", "boosted indicators", "n-grams")]
    assert np.allclose(found[ENSEMBLE][160:], np.mean(members, axis=0))


def test_a_sign_never_lowers_the_score_of_boosted_trees() -> None:
    made = task()
    rows = np.arange(240)
    without, with_sign = np.zeros((1, 6)), np.eye(6)[:1]
    both = sparse.csr_matrix(np.vstack([made.columns.toarray(), without, with_sign]))
    extended = Task(both, made.ngrams, made.target, made.weights, made.prior, made.precision)
    low, high = RIVALS["boosted indicators"](extended, rows, np.array([240, 241]))
    assert high >= low


class Fresh:
    """Makes the estimator that the shipped heads use, without a prior."""

    def __call__(self) -> Any:
        from model.classifier.logistic import PriorLogisticRegression

        return PriorLogisticRegression(precision=1.0)


def lesson() -> Lesson:
    made = task(400)
    names = ["scam_centre" if t else "legitimate" for t in made.target]
    rows = Dataset(
        tuple(
            label(f"r{i}", f"text {i}", name, language="vi" if i % 8 else "km")
            for i, name in enumerate(names)
        ),
        "sha256:0",
    )
    groups = np.arange(400) // 2
    folds = list(split_folds(rows, groups, n_folds=4, seed=0))
    signs = [frozenset(f"sign {column}" for column in row.indices) for row in made.columns]
    return Lesson(Fresh(), made.columns, rows, groups, np.ones(400), folds, signs)  # type: ignore[arg-type]


def test_more_rows_teach_more_and_the_last_point_is_the_whole_training_side() -> None:
    curve = learning_curve(lesson(), seed=0)
    assert [point["rows"] for point in curve] == sorted(point["rows"] for point in curve)
    assert curve[-1]["rows"] == 300
    assert curve[-1]["least_recall_of_the_draws"] == curve[-1]["greatest_recall_of_the_draws"]
    assert curve[-1]["average_precision"] > curve[0]["average_precision"]


def test_all_orders_of_asking_start_from_the_same_rows_and_ask_for_as_many() -> None:
    curves = active_curves(lesson(), seed=0)
    assert curves.keys() == ORDERS.keys()
    assert len({curve[0]["average_precision"] for curve in curves.values()}) == 1
    for points in zip(*curves.values(), strict=True):
        assert max(point["rows"] for point in points) - min(point["rows"] for point in points) <= 2


def test_the_daily_set_asks_for_the_scarce_language_sooner_than_chance_does() -> None:
    made = lesson()
    known, rest = np.arange(0, 300, 15), np.setdiff1d(np.arange(300), np.arange(0, 300, 15))
    pool = Pool(known, rest, made.fit_and_score(known, rest), wanted=30)

    def share(name: str) -> float:
        urgency = ORDERS[name](made, pool, np.random.default_rng(0))
        return float((made.languages[rest[np.argsort(-urgency, kind="stable")[:30]]] == "km").mean())

    assert share("the daily set") > 2 * share("at random")
    assert share("languages with few labels first") > share("the daily set")


def test_what_a_release_learnt_from_is_counted_by_language_and_by_sign() -> None:
    matrix = sparse.csr_matrix(np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    signs = signs_of(matrix, ["sign:telegram_contact", "contact:telegram", "pay:ordinary"])
    assert signs == [frozenset({"telegram_contact", "ordinary_pay"})] * 2
    taught = learnt_from(["km", "vi"], signs)
    assert taught == Labelled({"km": 1, "vi": 1}, {"telegram_contact": 2, "ordinary_pay": 2})


def test_swaps_differ_in_one_word_only() -> None:
    rows = [label("l", "Chat work", "scam_centre"), label("h", "Baker in Lisbon")]
    swaps = list(swaps_of(rows))
    assert {swap.trait for swap in swaps} == {"nationality", "sex", "age", "schooling"}
    for swap in swaps:
        bare = {text.replace(word, "", 1) for text, word in zip(swap.texts, swap.words, strict=True)}
        assert len(bare) == 1
        assert len(set(swap.texts)) == len(swap.words) > 1


def test_a_set_like_the_training_rows_has_not_drifted_and_another_has() -> None:
    random = np.random.default_rng(0)
    columns = (random.random((300, 20)) < 0.3).astype(float)
    columns[200:, 0] = 1.0
    rows = [label(f"r{i}", "word " * int(random.integers(5, 30))) for i in range(300)]
    names = [f"column {i}" for i in range(20)]

    def between(order: np.ndarray) -> dict[str, Any]:
        languages = tuple("en" for _ in order)
        made = Materials(sparse.csr_matrix(columns[order]), tuple("" for _ in order), languages)
        return drift_of(made, 150, [rows[i] for i in order], names)

    alike = between(random.permutation(300)[:300])
    different = between(np.concatenate([np.arange(150), np.arange(200, 300)]))
    assert abs(alike["told_apart_by_what_is_found_auc"] - 0.5) < 0.12
    assert different["told_apart_by_what_is_found_auc"] > 0.75
    assert next(iter(different["columns_that_moved_most"])) == "column 0"


def test_drift_of_a_handful_is_refused() -> None:
    made = Materials(sparse.csr_matrix((40, 1)), ("",) * 40, ("en",) * 40)
    with pytest.raises(InputError, match="needs 30 adverts"):
        drift_of(made, 35, [label(f"r{i}", "x") for i in range(40)], ["column"])


def test_the_stability_index_is_nothing_for_the_same_values_and_large_for_others() -> None:
    values = np.arange(1000.0)
    assert stability_index(values, values) == 0.0
    assert stability_index(values, values + 600) > 0.25


def test_marked_pieces_add_up_to_the_text_and_the_heavier_reason_wins() -> None:
    text = "Chat in Poipet, tax paid"
    reasons = tuple(
        Reason(
            code=code,
            title=code,
            log_odds=odds,
            spans=(Span(field="description", start=a, end=b, text=text[a:b]),),
        )
        for code, odds, a, b in (("hub", 2.0, 8, 14), ("weak", -0.5, 8, 10), ("proof", -1.0, 16, 24))
    )
    assessment = Assessment.model_construct(reasons=reasons, thresholds=Thresholds(review=0.5, high=0.9))
    pieces = marked_pieces(text, assessment)
    assert pieces == [("Chat in ", ""), ("Poipet", "for"), (", ", ""), ("tax paid", "against")]


def test_slices_share_one_threshold_and_batches_are_told_by_their_ids() -> None:
    rows = [
        *(label(f"vi-{i:04}", "x" * 30, "scam_centre", language="vi") for i in range(20)),
        *(label(f"vi-x{i:04}", "x" * 90, language="vi") for i in range(100)),
        *(label(f"en-{i:04}", "x" * 900, language="en") for i in range(100)),
    ]
    log_odds = np.concatenate([np.full(20, 1.0), np.full(100, -1.0), np.full(100, -2.0)])
    log_odds[20:24] = 3.0
    found = slices_of(Dataset(tuple(rows), "sha256:0"), log_odds, np.arange(220))
    assert found["by_language"]["vi"]["lures found"]["value"] == 0.0
    assert found["by_language"]["vi"]["honest texts flagged"]["value"] == 0.0
    log_odds[:20] = 4.0
    found = slices_of(Dataset(tuple(rows), "sha256:0"), log_odds, np.arange(220))
    assert found["by_language"]["vi"]["lures found"]["value"] == 1.0
    assert found["by_language"]["en"]["lures found"] is None
    assert set(found["by_source"]) == {"hand, batch main", "hand, batch x"}
    assert list(found["by_length_in_characters"]) == ["up to 40", "41 to 100", "over 800"]
    assert source_of(label("1", "x", origin="import:jobs")) == "import:jobs"
