"""How far probabilities can be believed: calibration error and temperature."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

N_BINS = 15
# A probability of exactly 0 would make one row's likelihood count for all.
TINY = 1e-12


def calibration_error(y: np.ndarray, probabilities: np.ndarray, n_bins: int = N_BINS) -> float:
    """Expected calibration error of the highest probability, in bins of equal mass.

    Equal confidences share a bin, so fewer distinct ones make fewer bins.

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1])
    >>> calibration_error(y, np.tile([0.5, 0.5], (4, 1)))
    0.0
    >>> calibration_error(y, np.tile([1.0, 0.0], (4, 1)))
    0.5
    """
    confidence = probabilities.max(axis=1)
    excess = confidence - (probabilities.argmax(axis=1) == y)
    edges = np.quantile(confidence, np.arange(1, n_bins) / n_bins)
    bins = np.searchsorted(np.unique(edges), confidence, side="right")
    return float(np.abs(np.bincount(bins, excess)).sum() / len(y))


def fit_temperature(y: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature T that makes softmax(log p / T) most likely; above 1 means overconfident.

    Guo et al., *On Calibration of Modern Neural Networks* (2017). Fit it on development data:
    neither rows that trained the model nor rows that test it.

    Returns
    -------
    float, from 0.05 to 20
    """
    log_p = np.log(np.clip(probabilities, TINY, 1))

    def loss(log_t: float) -> float:
        return -float(log_softmax(log_p / np.exp(log_t), axis=1)[np.arange(len(y)), y].mean())

    limits = (np.log(0.05), np.log(20))
    return float(np.exp(minimize_scalar(loss, bounds=limits, method="bounded").x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities after temperature scaling; which class is highest does not change.

    Examples
    --------
    >>> apply_temperature(np.array([[0.9, 0.1]]), 2.0).round(3)
    array([[0.75, 0.25]])
    """
    return softmax(np.log(np.clip(probabilities, TINY, 1)) / temperature, axis=1)
