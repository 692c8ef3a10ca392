"""Our one estimator keeps scikit-learn's contract, its prior and its bounds."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from model.classifier.logistic import PriorLogisticRegression


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([PriorLogisticRegression()])
def test_it_passes_scikit_learns_checks(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = (x @ [2.0, -1.0, 0.0, 0.5] + rng.logistic(size=300) > 0).astype(int)
    return x, y


def test_without_prior_and_bounds_it_is_logistic_regression() -> None:
    x, y = data()
    ours = PriorLogisticRegression(precision=1.0).fit(x, y)
    theirs = LogisticRegression(C=1.0, tol=1e-8).fit(x, y)
    assert np.allclose(ours.coef_, theirs.coef_[0], atol=1e-3)


def test_a_column_that_no_row_shows_keeps_its_prior() -> None:
    x, y = data()
    x[:, 2] = 0.0
    fitted = PriorLogisticRegression(prior_mean=np.array([0, 0, 1.3, 0])).fit(sparse.csr_matrix(x), y)
    assert fitted.coef_[2] == pytest.approx(1.3, abs=1e-6)


def test_a_weight_never_crosses_its_bound() -> None:
    x, y = data()
    fitted = PriorLogisticRegression(lower=np.zeros(4)).fit(x, y)
    assert (fitted.coef_ >= 0).all()
    assert fitted.coef_[1] == 0.0
