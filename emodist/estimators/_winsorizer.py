"""Outliers brought back to the edge of what is usual."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class Winsorizer(TransformerMixin, BaseEstimator):
    """Scaled numbers, none further than `limit` standard deviations from the mean.

    One strange number (a voice unlike all others, a click) then cannot decide a row's class.
    """

    def __init__(self, limit=3.0):
        self.limit = limit

    def fit(self, x: np.ndarray, y: np.ndarray | None = None) -> "Winsorizer":
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, -self.limit, self.limit)

    def __sklearn_is_fitted__(self) -> bool:
        return True
