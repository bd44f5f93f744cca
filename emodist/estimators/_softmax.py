"""Probabilities for classifiers that only have decision values."""

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted


class Softmax(ClassifierMixin, BaseEstimator):
    """Softmax of a classifier's decision values; its order is the classifier's own.

    Platt scaling would learn from rows of the same speakers again; here one temperature, fitted
    on speakers that the classifier did not see (`evaluation.fit_temperature`), calibrates.

    Parameters
    ----------
    estimator : scikit-learn classifier with `decision_function`
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Softmax":
        self.estimator_ = clone(self.estimator).fit(x, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        check_is_fitted(self)
        values = self.estimator_.decision_function(x)
        if values.ndim == 1:
            values = np.stack([-values / 2, values / 2], axis=1)
        return softmax(values, axis=1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
