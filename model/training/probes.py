"""Asks whether labels could be told by style alone: length and punctuation, language, contact form (Gururangan et al. 2018).

A corpus in which they can teaches tone instead of offers. The bar is an AUC of .60 for each probe, out of fold over the same groups
that training uses.
"""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from model.facts.contacts import find_contacts
from model.schema.advert import ContactKind
from model.schema.decision import Label
from model.text.normalise import normalise
from model.training.dataset import Dataset

ALLOWED_AUC = 0.60
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]")
_FOLDS = 5


def style_probes(data: Dataset, groups: NDArray[np.int_]) -> dict[str, float]:
    """Give the AUC with which each probe tells deceptive rows from honest ones, .5 being blind."""
    deceptive = (~data.is_honest).astype(np.int_)
    languages = sorted(set(data.languages.tolist()))
    probes: dict[str, Callable[[Label], list[float]]] = {
        "style": _style,
        "language": lambda row: [float(row.language == language) for language in languages],
        "contact form": _contact,
    }
    return {
        name: round(_auc(np.array([probe(row) for row in data.rows]), deceptive, groups), 4)
        for name, probe in probes.items()
    }


def _auc(matrix: NDArray[np.float64], target: NDArray[np.int_], groups: NDArray[np.int_]) -> float:
    scores = np.zeros(len(target))
    for train, test in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0).split(
        matrix, target, groups
    ):
        model = HistGradientBoostingClassifier(max_depth=3, max_iter=80, random_state=0).fit(
            matrix[train], target[train]
        )
        scores[test] = model.predict_proba(matrix[test])[:, 1]
    return float(roc_auc_score(target, scores))


def _style(row: Label) -> list[float]:
    text = row.text
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


def _contact(row: Label) -> list[float]:
    kinds = {contact.kind for contact in find_contacts(normalise(row.text))}
    return [float(kind in kinds) for kind in ContactKind]
