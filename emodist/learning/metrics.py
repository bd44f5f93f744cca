"""Metrics from confusion matrices of resampled speakers, and the intervals that follow.

Arrays with one entry a resample come first: a metric of all speakers is that of one resample in
which each was drawn once. NaN is "not defined".
"""

import numpy as np
from scipy.special import ndtr, stdtrit


def confusions(
    y: np.ndarray, predicted: np.ndarray, who: np.ndarray | None, n_speakers: int, n_classes: int
) -> np.ndarray:
    """Confusion matrix of each speaker, shape (n_speakers, truth, predicted)."""
    tables = np.zeros((n_speakers, n_classes, n_classes))
    np.add.at(tables, (np.zeros(len(y), int) if who is None else who, y, predicted), 1)
    return tables


def pooled(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Confusion matrix of each resample, shape (n_resamples, truth, predicted)."""
    return np.tensordot(weights, tables, axes=1)


def uar(confusion: np.ndarray) -> np.ndarray:
    return mean_defined(ratio(hits(confusion), confusion.sum(axis=2)))


def accuracy(confusion: np.ndarray) -> np.ndarray:
    return hits(confusion).sum(axis=1) / confusion.sum(axis=(1, 2))


def f1(confusion: np.ndarray) -> np.ndarray:
    return ratio(2 * hits(confusion), confusion.sum(axis=1) + confusion.sum(axis=2))


def hits(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=1, axis2=2)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def mean_defined(per_class: np.ndarray) -> np.ndarray:
    """Mean over the classes for which there is a number; NaN if there is none."""
    has = np.isfinite(per_class)
    return ratio(np.where(has, per_class, 0).sum(axis=1), has.sum(axis=1))


def auc_wins(is_class: np.ndarray, score: np.ndarray, who: np.ndarray, n: int) -> np.ndarray:
    """How many pairs (row of the class, other row) are in the right order, by their speakers.

    Shape (n_speakers, n_speakers); a resample's AUC follows from it without another look at rows.
    """
    wins = np.zeros((n, n))
    positive = np.sort(score[is_class])
    owner = who[is_class][np.argsort(score[is_class], kind="stable")]
    for speaker in range(n):
        others = np.sort(score[~is_class & (who == speaker)])
        below = np.searchsorted(others, positive) + np.searchsorted(others, positive, side="right")
        wins[:, speaker] = np.bincount(owner, below / 2, minlength=n)
    return wins


def aucs(wins: list[np.ndarray], tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC AUC of each class in each resample, shape (n_resamples, n_classes)."""
    support = weights @ tables.sum(axis=2)
    n_pairs = support * (support.sum(axis=1, keepdims=True) - support)
    won = np.stack([((weights @ table) * weights).sum(axis=1) for table in wins], axis=1)
    return ratio(won, n_pairs)


def resamples_of(n: int, n_resamples: int, rng: np.random.Generator | None) -> np.ndarray:
    """How often each speaker is drawn in each resample."""
    rng = rng or np.random.default_rng(0)
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)


def interval_of(values: np.ndarray, n_speakers: int) -> tuple[float, float]:
    """95% interval: expanded percentiles, which make up for few speakers.

    Hesterberg, *What Teachers Should Know About the Bootstrap* (2015), section 4.1.
    """
    values = values[np.isfinite(values)]
    if n_speakers < 2 or not len(values):
        return (np.nan, np.nan)
    tail = ndtr(np.sqrt(n_speakers / (n_speakers - 1)) * stdtrit(n_speakers - 1, 0.025))
    low, high = np.quantile(values, [tail, 1 - tail])
    return (float(low), float(high))
