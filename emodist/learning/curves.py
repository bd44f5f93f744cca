"""What is drawn of predictions: ROC curves within folds, and confidence against being right."""

import numpy as np
from sklearn.metrics import roc_curve

from emodist.learning.calibration import N_BINS


def roc(is_class: np.ndarray, score: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over folds of their ROC curves, each weighted by its pairs.

    So its area is that of `evaluation`, which ranks rows within their fold.

    Parameters
    ----------
    is_class : bool array, shape (n_rows,)
    score, fold : arrays, shape (n_rows,)

    Returns
    -------
    x, y : arrays, shape (n_points,)
        False and true positive rate; empty if no fold has rows of the class and others.
    """
    curves, weights = [], []
    for name in np.unique(fold):
        own = fold == name
        n_class = int(is_class[own].sum())
        if n_pairs := n_class * int(own.sum() - n_class):
            curves.append(roc_curve(is_class[own], score[own])[:2])
            weights.append(n_pairs)
    if not curves:
        return np.empty(0), np.empty(0)
    at = np.unique(np.concatenate([x for x, _ in curves]))
    # Where a curve rises straight up it has two heights.
    low, high = (
        np.average([_height(x, y, at, side) for x, y in curves], axis=0, weights=weights)
        for side in ("left", "right")
    )
    return np.repeat(at, 2), np.column_stack([low, high]).ravel()


def _height(x: np.ndarray, y: np.ndarray, at: np.ndarray, side: str) -> np.ndarray:
    """The curve's height just left or right of some places within its ends."""
    if side == "left":
        after = np.searchsorted(x, at, "left")
        before = np.maximum(after - 1, 0)
    else:
        before = np.searchsorted(x, at, "right") - 1
        after = np.minimum(before + 1, len(x) - 1)
    width = x[after] - x[before]
    share = np.divide(at - x[before], width, out=np.zeros(len(at)), where=width > 0)
    # The ends have no neighbour on one side: the vertex itself.
    start = np.where(width > 0, y[before], y[after if side == "left" else before])
    return start + share * (y[after] - start)


def reliability(
    y: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, share of right rows, and rows of each bin of the calibration error."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y
    edges = np.unique(np.quantile(confidence, np.arange(1, N_BINS) / N_BINS))
    bins = np.searchsorted(edges, confidence, side="right")
    counts = np.bincount(bins)
    filled = counts > 0
    counts = counts[filled]
    return (
        np.bincount(bins, confidence)[filled] / counts,
        np.bincount(bins, right)[filled] / counts,
        counts,
    )
