"""The detectors compared on EMSCAD: three reference baselines, and a vote of four made from our own parts.

Each member of the vote reads something else: words as published, masked words by field with our columns
beside them, topics with our columns, and what stands around the words. Their scores, brought to one scale
on rows they had not seen, are averaged with equal weights: nothing about the vote is learnt, nothing learnt
too well.

Baselines run at the strongest of the settings that were tried on other draws of folds, and so do the
members. Vocabularies are counted once over all rows, and cut down to the training side's terms within each
fold, as if fitted there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.decision import Label, LabelName
from model.training.emscad_data import TEXT_FIELDS, masked_text, metadata_of, whole_text
from model.training.materials import matrix_of

Floats = NDArray[np.float64]
Rows = NDArray[np.int_]
_SEED = 0
_CLIP = 4.0
"""Standard deviations beyond which a number tells nothing more."""
_LEAST_ROWS = 8
"""A column that fewer adverts have is noise here."""


@dataclass(frozen=True)
class Features:
    """Everything that does not depend on the split, computed once; one row per advert."""

    words: sparse.csr_matrix
    characters: sparse.csr_matrix
    masked_words: sparse.csr_matrix
    by_field: tuple[sparse.csr_matrix, ...]
    columns: Floats
    """The detector's own columns: signs, pay, places, contacts and their combinations."""
    numbers: Floats
    """Flags, missing fields, lengths, capitals, salary."""
    categories: Floats
    """Codes; NaN where the field is missing."""
    categories_as_columns: Floats


def make_features(rows: tuple[dict[str, str], ...]) -> Features:
    """Count n-grams, read every advert with the detector's reader, and lay out the metadata."""
    texts = [whole_text(row) for row in rows]
    metadata, is_category = metadata_of(rows)
    chosen = np.array(is_category)
    categories = metadata[:, chosen]
    encoder = OneHotEncoder(sparse_output=False)
    own = _own_columns(rows)
    return Features(
        words=_counts(texts),
        characters=_counts(texts, analyzer="char_wb", ngram_range=(2, 5)),
        masked_words=_counts([masked_text(text) for text in texts]),
        by_field=tuple(_counts([masked_text(row[field]) for row in rows]) for field in TEXT_FIELDS),
        columns=own[:, (own != 0).sum(axis=0) >= _LEAST_ROWS],
        numbers=metadata[:, ~chosen],
        categories=np.where(categories < 0, np.nan, categories),
        categories_as_columns=np.asarray(encoder.fit_transform(categories), dtype=np.float64),
    )


def _counts(
    texts: list[str], *, analyzer: str = "word", ngram_range: tuple[int, int] = (1, 2)
) -> sparse.csr_matrix:
    return CountVectorizer(
        analyzer=analyzer, ngram_range=ngram_range, min_df=2, dtype=np.float64
    ).fit_transform(texts)


def _own_columns(rows: tuple[dict[str, str], ...]) -> Floats:
    catalogue = load_catalogue()
    adverts = [
        Label(
            id=str(number),
            title=row["title"] or None,
            text="\n".join(
                [row["location"], row["salary_range"], *(masked_text(row[f]) for f in TEXT_FIELDS[1:])]
            ),
            label=LabelName.LEGITIMATE,
            language="en",
        )
        for number, row in enumerate(rows)
    ]
    matrix = matrix_of(adverts, catalogue, column_names(catalogue))
    return np.asarray(matrix.toarray(), dtype=np.float64)


@dataclass(frozen=True)
class Task:
    """One fit: which rows to learn from, and which to score."""

    features: Features
    target: NDArray[np.int_]
    weights: Floats
    train: Rows
    test: Rows

    def tfidf(self, counts: sparse.csr_matrix) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Weigh terms that at least two training rows have, by training frequencies."""
        frequency = np.asarray((counts[self.train] > 0).sum(axis=0)).ravel()
        kept = np.flatnonzero(frequency >= 2)  # noqa: PLR2004 - a term of one advert generalises to none
        train, test = counts[self.train][:, kept], counts[self.test][:, kept]
        weigh = TfidfTransformer(sublinear_tf=True).fit(train)
        return weigh.transform(train), weigh.transform(test)

    def scaled(self, values: Floats) -> tuple[Floats, Floats]:
        """Bring columns to mean 0 and deviation 1 of the training rows."""
        scale = StandardScaler().fit(values[self.train])
        train, test = (
            np.clip(scale.transform(values[part]), -_CLIP, _CLIP) for part in (self.train, self.test)
        )
        return train, test

    def learn(self) -> tuple[NDArray[np.int_], Floats]:
        """Give target and weights of the training rows."""
        return self.target[self.train], self.weights[self.train]


def word_regression(task: Task) -> Floats:
    """TF-IDF of words and pairs of words, logistic regression."""
    train, test = task.tfidf(task.features.words)
    target, weights = task.learn()
    fitted = LogisticRegression(C=3.0, max_iter=1000).fit(train, target, sample_weight=weights)
    return np.asarray(fitted.decision_function(test))


def character_svm(task: Task) -> Floats:
    """TF-IDF of two to five characters within words, linear support vectors."""
    train, test = task.tfidf(task.features.characters)
    target, weights = task.learn()
    fitted = LinearSVC(C=1.0, random_state=_SEED).fit(train, target, sample_weight=weights)
    return np.asarray(fitted.decision_function(test))


def boosted_metadata(task: Task) -> Floats:
    """Gradient-boosted trees on flags, missing fields, lengths and categories; no words."""
    values = np.hstack([task.features.numbers, task.features.categories])
    is_category = np.arange(values.shape[1]) >= task.features.numbers.shape[1]
    target, weights = task.learn()
    fitted = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.06,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        categorical_features=is_category,
        random_state=_SEED,
    ).fit(values[task.train], target, sample_weight=weights)
    return np.asarray(fitted.decision_function(values[task.test]))


def fields_svm(task: Task) -> Floats:
    """Masked words by field, with metadata and our columns beside them, linear support vectors."""
    features = task.features
    parts = [task.tfidf(counts) for counts in features.by_field]
    numbers = task.scaled(features.numbers)
    plain = np.hstack([0.5 * features.categories_as_columns, 0.3 * (features.columns > 0)])
    sides = []
    for side, rows in enumerate((task.train, task.test)):
        beside = np.hstack([0.1 * numbers[side], plain[rows]])
        sides.append(sparse.hstack([*(part[side] for part in parts), sparse.csr_matrix(beside)]).tocsr())
    target, weights = task.learn()
    fitted = LinearSVC(C=0.1, random_state=_SEED).fit(sides[0], target, sample_weight=weights)
    return np.asarray(fitted.decision_function(sides[1]))


def topics_svm(task: Task) -> Floats:
    """Sixty topics of masked words with metadata and our columns, support vectors with a Gaussian kernel."""
    words = task.tfidf(task.features.masked_words)
    topics = TruncatedSVD(60, n_iter=2, random_state=_SEED).fit(words[0])
    values = task.scaled(
        np.hstack([task.features.numbers, task.features.categories_as_columns, task.features.columns])
    )
    train, test = (np.hstack([values[side], 3 * topics.transform(words[side])]) for side in (0, 1))
    target, weights = task.learn()
    fitted = SVC(C=3.0, gamma=1 / 300).fit(train, target, sample_weight=weights)
    return np.asarray(fitted.decision_function(test))


def metadata_forest(task: Task) -> Floats:
    """Extremely randomised trees on metadata: averaged, not boosted, they memorise campaigns less."""
    values = np.hstack([task.features.numbers, task.features.categories_as_columns])
    target, weights = task.learn()
    fitted = ExtraTreesClassifier(
        120, min_samples_leaf=2, max_features=0.2, n_jobs=1, random_state=_SEED
    ).fit(values[task.train], target, sample_weight=weights)
    share = fitted.predict_proba(values[task.test])[:, 1]
    return np.asarray(np.log((share + 1e-3) / (1 - share + 1e-3)))


Fit = Callable[[Task], Floats]
BASELINES: dict[str, Fit] = {
    "TF-IDF words + logistic regression": word_regression,
    "TF-IDF characters + linear SVM": character_svm,
    "gradient boosting on metadata": boosted_metadata,
}
MEMBERS: dict[str, Fit] = {
    "TF-IDF words + logistic regression": word_regression,
    "fields": fields_svm,
    "topics": topics_svm,
    "metadata forest": metadata_forest,
}
"""Who votes; a member that is a baseline too is fitted once."""
OURS = "vote of four (ours)"
