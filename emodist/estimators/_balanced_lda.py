"""Linear discriminant analysis that knows class weights, as the other classifiers do."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.validation import check_is_fitted


class BalancedLda(ClassifierMixin, BaseEstimator):
    """scikit-learn's discriminant analysis, with equal priors if classes are to be balanced.

    Parameters
    ----------
    shrinkage : float from 0 to 1
    class_weight : 'balanced' or None (priors as in the training rows)
    """

    def __init__(self, shrinkage, class_weight=None):
        self.shrinkage = shrinkage
        self.class_weight = class_weight

    def fit(self, x: np.ndarray, y: np.ndarray) -> "BalancedLda":
        n_classes = len(np.unique(y))
        priors = np.full(n_classes, 1 / n_classes) if self.class_weight == "balanced" else None
        self.model_ = LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage=self.shrinkage, priors=priors
        ).fit(x, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        check_is_fitted(self)
        return self.model_.predict_proba(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
