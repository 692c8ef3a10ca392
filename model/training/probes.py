"""Asks whether labels could be told by style alone: length and punctuation, language, contact form (Gururangan et al. 2018).

A corpus in which they can teaches tone instead of offers, and a measurement on one flatters whoever learnt tone. The bar
for training rows is an AUC of .60 for each probe, out of fold over the same groups that training uses; evaluation sets are what
they are, and the probes stand beside their figures.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from model.facts.contacts import find_contacts
from model.schema.advert import ContactKind
from model.text.normalise import normalise
from model.training.dataset import Dataset

ALLOWED_AUC = 0.60
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]")
_FOLDS = 5
_LEAST_GROUPS = 10
"""Fewer on one side cannot be spread over folds."""


def style_probes(data: Dataset, groups: NDArray[np.int_]) -> dict[str, float]:
    """Give the AUC with which each probe tells deceptive rows from honest ones, .5 being blind."""
    return probe_texts(
        [row.text for row in data.rows],
        data.languages.tolist(),
        (~data.is_honest).astype(np.int_),
        groups,
    )


def probe_texts(
    texts: Sequence[str], languages: Sequence[str], target: NDArray[np.int_], groups: NDArray[np.int_]
) -> dict[str, float]:
    """Give the AUC of each probe on any labelled texts, empty when a side has too few groups to say."""
    sides = (len(set(groups[target == side].tolist())) for side in (0, 1))
    if min(sides) < _LEAST_GROUPS:
        return {}
    known = sorted(set(languages))
    matrices = {
        "style": np.array([style_of(text) for text in texts]),
        "language": np.array([[float(language == other) for other in known] for language in languages]),
        "contact form": np.array([_contact(text) for text in texts]),
    }
    # Small fits on few rows: threads wait for one another longer than they work.
    with threadpool_limits(1):
        return {name: round(_auc(matrix, target, groups), 4) for name, matrix in matrices.items()}


def _auc(matrix: NDArray[np.float64], target: NDArray[np.int_], groups: NDArray[np.int_]) -> float:
    scores = np.zeros(len(target))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(matrix, target, groups):
        model = HistGradientBoostingClassifier(max_depth=3, max_iter=80, random_state=0).fit(
            matrix[train], target[train]
        )
        scores[test] = model.predict_proba(matrix[test])[:, 1]
    return float(roc_auc_score(target, scores))


def style_of(text: str) -> list[float]:
    """Measure the manner of a text, not its words: length, lines, punctuation, emoji, digits, capitals, bullets."""
    length = max(1, len(text))
    return [
        float(length),
        float(text.count("\n")),
        text.count("!") / length,
        text.count("?") / length,
        len(_EMOJI.findall(text)) / length,
        float(len(_EMOJI.findall(text))),
        sum(c.isdigit() for c in text) / length,
        sum(c.isupper() for c in text) / length,
        sum(c in ",.;:-–—/()" for c in text) / length,
        float(text.count("•") + text.count("- ") + text.count("✅")),
    ]


def _contact(text: str) -> list[float]:
    kinds = {contact.kind for contact in find_contacts(normalise(text))}
    return [float(kind in kinds) for kind in ContactKind]
