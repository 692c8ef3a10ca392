"""How much more rows would help, and which rows: learning curves over random and over chosen rows.

Whole groups are drawn, so that a twin or a near-copy never counts as new knowledge. The chosen orders are those by which the
review queue's daily set is put together (`model.asking`), each aim alone and all in turn; each is measured on folds that none
of the drawn rows is in.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import average_precision_score

from model.asking import Aim, Asking, Labelled, Question
from model.classifier.reasons import code_of
from model.schema.decision import LabelName
from model.training.dataset import Dataset
from model.training.fitting import Maker
from model.training.measures import recall_at

Floats = NDArray[np.float64]
Rows = NDArray[np.int_]
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
_STEPS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
_N_DRAWS = 3
_RATE = np.array([0.01])


class Lesson:
    """Rows to learn from, laid out once; every draw fits a part of them."""

    def __init__(
        self,
        new: Maker,
        matrix: sparse.csr_matrix,
        rows: Dataset,
        groups: NDArray[np.int_],
        weights: Floats,
        folds: Sequence[tuple[Rows, Rows]],
        signs: Sequence[frozenset[str]],
    ) -> None:
        self.new, self.matrix, self.groups, self.weights, self.folds = new, matrix, groups, weights, folds
        self.signs = signs
        self.target = (rows.labels == LabelName.SCAM_CENTRE).astype(np.int_)
        self.languages = rows.languages
        self.counted = (self.target == 1) | rows.is_honest

    def fit_and_score(self, train: Rows, test: Rows) -> Floats:
        """Give log-odds of `test` by weights fitted on `train`; rows without a lure teach nothing but the prior."""
        if not 0 < self.target[train].sum() < len(train):
            return np.zeros(len(test))
        fitted = self.new().fit(self.matrix[train], self.target[train], sample_weight=self.weights[train])
        return fitted.decision_function(self.matrix[test])

    def measure(self, log_odds: Floats) -> tuple[float, float]:
        """Give average precision and recall at 1% false alarms of out-of-fold log-odds."""
        target, scores = self.target[self.counted], log_odds[self.counted]
        return float(average_precision_score(target, scores)), float(recall_at(scores, target, _RATE)[0])


def learning_curve(lesson: Lesson, *, seed: int) -> list[dict[str, Any]]:
    """Give the figures for growing shares of the training side, drawn at random, three times each."""
    jobs = [(share, draw) for share in SHARES for draw in range(_N_DRAWS)]
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_at_share)(lesson, share, seed + draw) for share, draw in jobs
    )
    return [
        _point(share, [figures for (other, _), figures in zip(jobs, found, strict=True) if other == share])
        for share in SHARES
    ]


def _at_share(lesson: Lesson, share: float, seed: int) -> tuple[float, float, float]:
    log_odds = np.zeros(len(lesson.target))
    sizes = []
    for train, test in lesson.folds:
        order = _shuffled_groups(lesson.groups[train], seed)
        part = _first_rows(train, lesson.groups, order, share)
        sizes.append(len(part))
        log_odds[test] = lesson.fit_and_score(part, test)
    return float(np.mean(sizes)), *lesson.measure(log_odds)


def _point(share: float, found: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    rows, precision, recall = np.array(found).T
    return {
        "share_of_rows": share,
        "rows": round(float(rows.mean())),
        "average_precision": round(float(precision.mean()), 4),
        "recall_at_1.0%": round(float(recall.mean()), 4),
        "least_recall_of_the_draws": round(float(recall.min()), 4),
        "greatest_recall_of_the_draws": round(float(recall.max()), 4),
    }


def active_curves(lesson: Lesson, *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Give the figures when rows are asked for in different orders, from the same first twentieth."""
    jobs = [(name, draw) for name in ORDERS for draw in range(_N_DRAWS)]
    found = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_ask)(lesson, ORDERS[name], seed + draw) for name, draw in jobs
    )
    curves: dict[str, list[dict[str, Any]]] = {}
    for name in ORDERS:
        draws = [steps for (other, _), steps in zip(jobs, found, strict=True) if other == name]
        curves[name] = [
            _point(share, [draw[number] for draw in draws]) for number, share in enumerate(_STEPS)
        ]
    return curves


@dataclass(frozen=True)
class Pool:
    """What is known so far, and what may be asked for."""

    known: Rows
    rows: Rows
    log_odds: Floats
    """Of `rows`, by what is known."""
    wanted: int
    """How many rows are asked for."""


Order = Callable[[Lesson, Pool, np.random.Generator], Floats]
"""Gives how urgent each row of the pool is."""


def _at_random(_lesson: Lesson, pool: Pool, random: np.random.Generator) -> Floats:
    return random.random(len(pool.rows))


def _unsure(_lesson: Lesson, pool: Pool, _random: np.random.Generator) -> Floats:
    return -np.abs(pool.log_odds)


def _by(*aims: Aim) -> Order:
    """Ask as the daily set does, with these aims in turn."""

    def order(lesson: Lesson, pool: Pool, random: np.random.Generator) -> Floats:
        labelled = learnt_from(
            lesson.languages[pool.known].tolist(), [lesson.signs[row] for row in pool.known]
        )
        asking = Asking(labelled, size=pool.wanted, aims=aims)
        lots = random.random(len(pool.rows))
        for place, row in enumerate(pool.rows.tolist()):
            asking.consider(
                Question(
                    key=str(place),
                    campaign=str(lesson.groups[row]),
                    language=str(lesson.languages[row]),
                    sign=labelled.rarest(lesson.signs[row]),
                    margin=abs(float(pool.log_odds[place])),
                    lot=float(lots[place]),
                )
            )
        urgency = np.full(len(pool.rows), -np.inf)
        for turn, asked in enumerate(asking.choose()):
            urgency[int(asked.question.key)] = -turn
        return urgency

    return order


ORDERS: dict[str, Order] = {
    "at random": _at_random,
    "least sure first": _unsure,
    "signs with few labels first": _by(Aim.SIGN),
    "languages with few labels first": _by(Aim.LANGUAGE),
    "the daily set": _by(*Aim),
}


def signs_of(matrix: sparse.csr_matrix, names: Sequence[str]) -> list[frozenset[str]]:
    """Give the reason codes that each row carries."""
    codes = np.array([code_of(name) for name in names])
    return [
        frozenset(codes[matrix.indices[start:end]].tolist())
        for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    ]


def learnt_from(languages: Sequence[str], signs: Sequence[frozenset[str]]) -> Labelled:
    """Count what rows have taught: how many there are of each language, and with each sign."""
    return Labelled(Counter(languages), Counter(sign for carried in signs for sign in carried))


def _ask(lesson: Lesson, order: Order, seed: int) -> list[tuple[float, float, float]]:
    """Let one order ask for rows, step by step, in every fold."""
    scores = np.zeros((len(_STEPS), len(lesson.target)))
    sizes = np.zeros((len(_STEPS), len(lesson.folds)))
    for fold, (train, test) in enumerate(lesson.folds):
        random = np.random.default_rng(seed)
        first = _shuffled_groups(lesson.groups[train], seed)
        known, pool = _first_rows(train, lesson.groups, first, _STEPS[0]), train[:0]
        log_odds = np.zeros(0)
        for step, share in enumerate(_STEPS):
            if step:
                size = round(share * len(train))
                urgency = order(lesson, Pool(known, pool, log_odds, size - len(known)), random)
                ranked = pool[np.argsort(-urgency, kind="stable")]
                known = _grown(known, ranked, train, lesson.groups, size)
            pool = np.setdiff1d(train, known)
            found = lesson.fit_and_score(known, np.concatenate([test, pool]))
            scores[step, test], log_odds = found[: len(test)], found[len(test) :]
            sizes[step, fold] = len(known)
    return [(float(size.mean()), *lesson.measure(values)) for size, values in zip(sizes, scores, strict=True)]


def _shuffled_groups(groups: NDArray[np.int_], seed: int) -> NDArray[np.int_]:
    order: NDArray[np.int_] = np.random.default_rng(seed).permutation(np.unique(groups))
    return order


def _first_rows(train: Rows, groups: NDArray[np.int_], order: NDArray[np.int_], share: float) -> Rows:
    chosen = order[: max(1, round(share * len(order)))]
    return train[np.isin(groups[train], chosen)]


def _grown(known: Rows, ranked: Rows, train: Rows, groups: NDArray[np.int_], size: int) -> Rows:
    """Add rows in their order, each with its whole group, until there are `size`."""
    n_in_group = dict(zip(*np.unique(groups[train], return_counts=True), strict=True))
    chosen, total = [], len(known)
    for group in dict.fromkeys(groups[ranked].tolist()):
        if total >= size:
            break
        chosen.append(group)
        total += int(n_in_group[group])
    return np.concatenate([known, train[np.isin(groups[train], chosen)]])
