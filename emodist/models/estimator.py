"""A bundle as scikit-learn knows classifiers: arrays in, labels and probabilities out."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from emodist.errors import ConfigError
from emodist.learning.dataset import Dataset


class Estimator(ClassifierMixin, BaseEstimator):
    """A trained bundle; fitting does nothing, as with scikit-learn's `FrozenEstimator`.

    Parameters
    ----------
    bundle : ClassifierBundle or NetworkBundle

    Examples
    --------
    ::

        X, y = table.xy(features=bundle.columns)
        balanced_accuracy_score(y, bundle.estimator.predict(X))
    """

    def __init__(self, bundle: Any):
        self.bundle = bundle

    @property
    def classes_(self) -> np.ndarray:
        """Labels, in the order of the probabilities."""
        return np.array(self.bundle.classes)

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the numbers of a row, in their order; of an image its name."""
        return np.array(self.bundle.card.names, object)

    @property
    def n_features_in_(self) -> int:
        return len(self.bundle.card.names)

    def fit(self, X: Any, y: Any = None) -> "Estimator":  # noqa: N803
        """Nothing: the bundle is trained."""
        return self

    def predict(self, X: Any, groups: Any = None) -> np.ndarray:  # noqa: N803
        """The most probable label of each row; as `predict_proba`."""
        return self.classes_[self.predict_proba(X, groups).argmax(axis=1)]

    def predict_proba(self, X: Any, groups: Any = None) -> np.ndarray:  # noqa: N803
        """Calibrated probabilities, shape (n_rows, n_classes).

        Parameters
        ----------
        X : array or data frame, shape (n_rows, n_numbers), or of images (n_rows, height, width)
            As they stand in a table. Columns of a data frame are found by their names.
        groups : shape (n_rows,)
            The speaker of each row, for a bundle that was trained with `speaker_norm`, which
            scales the rows of each by their own mean and spread.

        Raises
        ------
        ConfigError
            If the rows are not of the kind that the bundle was trained on, or speakers are needed.
        """
        card = self.bundle.card
        if hasattr(X, "columns"):
            if missing := [name for name in card.names if name not in X.columns]:
                raise ConfigError(
                    f"the bundle was trained on {len(card.names)} numbers; {missing[0]} is missing"
                )
            X = X[list(card.names)]  # noqa: N806
        rows = np.asarray(X, np.float32)
        if rows.shape[1:] != card.shape:
            raise ConfigError(
                f"the bundle takes rows of shape {card.shape}; got {rows.shape[1:]}. Its columns: "
                f"{', '.join(self.bundle.columns or ('all but images',))}"
            )
        if card.speaker_norm and groups is None:
            raise ConfigError(
                "the bundle was trained with speaker_norm; say who speaks, as in "
                "predict_proba(X, groups=speakers)"
            )
        return self.bundle.probabilities(_dataset(rows, card.names, groups))

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _dataset(rows: np.ndarray, names: tuple[str, ...], speakers: Any) -> Dataset:
    """Rows of which nothing else is known."""
    n = len(rows)
    nothing, zeros = np.full(n, None, object), np.zeros(n)
    is_image = rows.ndim > 2
    labels = np.array([] if is_image else names, object)
    return Dataset(
        x=np.empty((n, 0), np.float32) if is_image else rows,
        names=labels,
        columns=labels,
        recording_id=np.arange(n).astype(str).astype(object),
        segment=zeros.astype(int),
        start_s=zeros,
        end_s=zeros,
        uri=nothing,
        corpus=nothing,
        speaker=nothing if speakers is None else np.asarray(speakers, object),
        label=nothing,
        audio_sha=nothing,
        speech_fraction=np.ones(n),
        attributes={},
        images={names[0]: rows} if is_image else {},
    )
