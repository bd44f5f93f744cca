"""Functionals: each turns the frames of one segment into one number.

- `mean`, `std` (population, as numpy), `min`, `max`, `range` (max - min);
- `slope`: the line of least squares through the frames, per second;
- `p0` to `p100`: percentiles with linear interpolation, as `numpy.percentile`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from emodist.errors import ConfigError
from emodist.features import _kernels
from emodist.registry import suggest

KNOWN = ("mean", "std", "min", "max", "range", "slope")


def apply(
    frames: np.ndarray, functionals: Sequence[str], frame_s: float, index: np.ndarray | None = None
) -> np.ndarray:
    """The functionals of each row.

    Parameters
    ----------
    frames : float32 array, shape (n_elements, n_frames)
        Finite.
    functionals : names
    frame_s : float, seconds from one frame to the next
    index : int array, shape (n_frames,), optional
        Which frame each column is, where some were left out (unvoiced ones, for example).

    Returns
    -------
    float32 array, shape (n_elements * len(functionals),)
        Element after element. All zero when there is no frame; one frame has `std`, `range` and
        `slope` 0.

    Raises
    ------
    ConfigError
        If a functional is unknown or named twice, or there is none.

    Examples
    --------
    >>> ramp = np.array([[0, 1, 2, 3]], dtype=np.float32)
    >>> apply(ramp, ("mean", "p50", "slope"), frame_s=0.5)
    array([1.5, 1.5, 2. ], dtype=float32)
    """
    codes, fractions = _codes(tuple(functionals))
    n_elements, n_frames = frames.shape
    if n_frames == 0:
        return np.zeros(n_elements * len(codes), np.float32)
    frames = np.ascontiguousarray(frames, np.float32)
    is_sorted_needed = _kernels.PERCENTILE in codes
    ordered = np.sort(frames, axis=1) if is_sorted_needed else frames
    times = np.arange(n_frames, dtype=np.float64) if index is None else index.astype(np.float64)
    out = np.empty((n_elements, len(codes)), np.float32)
    _kernels.row_functionals(frames, ordered, times * frame_s, codes, fractions, out)
    return out.ravel()


def check(functionals: Sequence[str]) -> None:
    """Raise ConfigError if a functional is unknown or named twice, or there is none."""
    _codes(tuple(functionals))


@lru_cache(maxsize=64)
def _codes(functionals: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Kernel codes, and the fraction of each percentile."""
    if not functionals:
        raise ConfigError(f"at least one functional is needed; {suggest('', [*KNOWN, 'p10'])}")
    if len(set(functionals)) < len(functionals):
        raise ConfigError(f"functionals are named twice: {', '.join(functionals)}")
    codes, fractions = [], []
    for name in functionals:
        percentile = re.fullmatch(r"p(\d{1,3})", str(name))
        if percentile and int(percentile[1]) <= 100:
            codes.append(_kernels.PERCENTILE)
            fractions.append(int(percentile[1]) / 100)
        elif name in KNOWN:
            codes.append(KNOWN.index(name))
            fractions.append(0.0)
        else:
            hint = suggest(str(name), [*KNOWN, "p0", "p10", "p50", "p90", "p100"])
            raise ConfigError(f"there is no functional {name!r}; {hint}")
    return np.array(codes), np.array(fractions)
