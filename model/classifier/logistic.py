"""Logistic regression whose weights start from a prior and stay on their side of zero.

scikit-learn's LogisticRegression pulls weights towards zero and cannot bound them; with a few thousand rows and a
catalogue of cited strengths, pulling towards these (a Gaussian prior with a mean; maximum a posteriori, e.g. Gelman et
al., Bayesian Data Analysis, 3rd ed., section 16.3) generalises better to wording no training row has. The result is additive
in log-odds, so reasons sum to the score exactly.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

_N_CLASSES = 2


class PriorLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Binary logistic regression, L2-penalised towards `prior_mean` within bounds.

    Args:
        prior_mean: weights before training, shape (n_features,); zeros when None.
        lower: least weights, shape (n_features,); unbounded when None.
        upper: greatest weights, shape (n_features,); unbounded when None.
        precision: how strongly weights are held at the prior (the inverse of its variance).
        max_iter: most steps of the optimiser (L-BFGS-B).
    """

    def __init__(
        self,
        *,
        prior_mean: NDArray[np.float64] | None = None,
        lower: NDArray[np.float64] | None = None,
        upper: NDArray[np.float64] | None = None,
        precision: float = 1.0,
        max_iter: int = 500,
    ) -> None:
        self.prior_mean = prior_mean
        self.lower = lower
        self.upper = upper
        self.precision = precision
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Fit on X of shape (n_samples, n_features), dense or CSR; y holds two classes, the second one positive."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)  # noqa: N806
        check_classification_targets(y)
        self.classes_, target = np.unique(y, return_inverse=True)
        if len(self.classes_) != _N_CLASSES:
            message = f"Only binary classification is supported. The type of the target is {len(self.classes_)} classes"
            raise ValueError(message)
        n_features = X.shape[1]
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if not weight.any():
            message = "sample weights are all zero: nothing to fit"
            raise ValueError(message)
        mean = (
            np.zeros(n_features) if self.prior_mean is None else np.asarray(self.prior_mean, dtype=np.float64)
        )
        lower = np.full(n_features, -np.inf) if self.lower is None else self.lower
        upper = np.full(n_features, np.inf) if self.upper is None else self.upper

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights, intercept = parameters[:-1], parameters[-1]
            margin = X @ weights + intercept
            error = weight * (expit(margin) - target)
            nll = np.sum(weight * (np.logaddexp(0.0, margin) - target * margin))
            away = weights - mean
            gradient = np.append(X.T @ error + self.precision * away, np.sum(error))
            return float(nll + 0.5 * self.precision * away @ away), gradient

        start = np.append(np.clip(mean, lower, upper), 0.0)
        bounds = [*zip(lower, upper, strict=True), (-np.inf, np.inf)]
        result = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": self.max_iter}
        )
        self.coef_ = result.x[:-1]
        self.intercept_ = float(result.x[-1])
        self.n_iter_ = int(result.nit)
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Give log-odds, shape (n_samples,)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)  # noqa: N806
        margin: NDArray[np.float64] = np.asarray(X @ self.coef_ + self.intercept_)
        return margin

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Give probabilities, shape (n_samples, 2)."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Give the likelier class of each row."""
        check_is_fitted(self)
        chosen: NDArray[Any] = self.classes_[(self.decision_function(X) > 0).astype(int)]
        return chosen

    def __sklearn_tags__(self) -> Any:
        """Say that sparse input is fine and that there are two classes at most."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = False
        return tags
