"""Which cepstral coefficients move together over a segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from emodist.features._analysis import Analysis
from emodist.features._settings import check_int
from emodist.features.mfcc import Mfcc

# Below this standard deviation, of MFCCs in dB, what remains is rounding.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class MfccCorrelation:
    """Pearson correlation over time of each pair of the first MFCCs.

    Means and spreads of a voice and its microphone cancel; how level and timbre move together
    remains.

    Parameters
    ----------
    n_mfcc : coefficients, the level included

    Notes
    -----
    A coefficient that does not move correlates with nothing (0). Functionals do not apply.
    """

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = Mfcc.citation

    n_mfcc: int = 13

    def __post_init__(self):
        check_int("mfcc_correlation.n_mfcc", self.n_mfcc, 2, 128)

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`mfcc_correlation_I_J`, I < J, both counted from one."""
        return tuple(
            f"mfcc_correlation_{i + 1}_{j + 1}" for i, j in np.transpose(_pairs(self.n_mfcc))
        )

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns, whatever the functionals."""
        return (self.n_mfcc * (self.n_mfcc - 1) // 2,)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 numbers within [-1, 1], in the order of `labels`."""
        frames = Mfcc(n_mfcc=self.n_mfcc, deltas=0).frames(analysis).astype(np.float64)
        frames -= frames.mean(axis=1, keepdims=True)
        spread = np.sqrt(np.mean(frames**2, axis=1))
        is_moving = spread > LEAST_SPREAD
        frames *= (is_moving / np.where(is_moving, spread, 1.0))[:, None]
        correlation = frames @ frames.T / frames.shape[1]
        return np.clip(correlation[_pairs(self.n_mfcc)], -1, 1).astype(np.float32)


@lru_cache(maxsize=8)
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(n, 1)
