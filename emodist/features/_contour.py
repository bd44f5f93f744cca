"""The shape of a contour: what prosody and loudness say of a curve over time, compiled by numba.

A contour is a float64 array in time order.
"""

import numpy as np

from emodist.compiled import compiled


@compiled()
def percentile(ordered, fraction):
    """Of sorted values, with linear interpolation as `numpy.percentile`.

    Examples
    --------
    >>> percentile(np.array([0.0, 1.0, 3.0]), 0.75)
    2.0
    """
    position = fraction * (ordered.size - 1)
    below = int(position)
    above = min(below + 1, ordered.size - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


@compiled()
def tilt(x):
    """By how much the line of least squares rises over half of the contour.

    Examples
    --------
    >>> tilt(np.array([-1.0, 0.0, 1.0]))
    1.0
    """
    n = x.size
    above, below = 0.0, 0.0
    for i in range(n):
        t = 2.0 * i / (n - 1) - 1.0 if n > 1 else 0.0
        above += t * x[i]
        below += t * t
    return above / below if below > 0 else 0.0


@compiled()
def bend(x):
    """Weight of t ** 2 less its mean, t from -1 to 1: above 0 where the ends lie above the middle.

    Examples
    --------
    >>> bend(np.array([1.0, 0.0, 1.0]))
    1.0
    """
    n = x.size
    if n < 3:
        return 0.0
    centre = 0.0
    for i in range(n):
        centre += (2.0 * i / (n - 1) - 1.0) ** 2 / n
    above, below = 0.0, 0.0
    for i in range(n):
        shape = (2.0 * i / (n - 1) - 1.0) ** 2 - centre
        above += shape * x[i]
        below += shape * shape
    return above / below


@compiled()
def thirds(x):
    """Means of the first, the middle and the last third; that of all where there are too few."""
    n = x.size
    out = np.empty(3)
    for part in range(3):
        piece = x[part * n // 3 : (part + 1) * n // 3]
        out[part] = piece.mean() if n >= 3 else x.mean()
    return out


@compiled()
def mean_std(x):
    """Mean and standard deviation; both 0 of no values."""
    if x.size == 0:
        return 0.0, 0.0
    return x.mean(), x.std()


@compiled()
def runs(mask, value):
    """Lengths of the stretches where `mask` is `value`.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]), True)
    array([2., 1.])
    """
    out = np.empty((mask.size + 1) // 2)
    n_runs, length = 0, 0
    for i in range(mask.size + 1):
        if i < mask.size and mask[i] == value:
            length += 1
        elif length:
            out[n_runs] = length
            n_runs += 1
            length = 0
    return out[:n_runs]
