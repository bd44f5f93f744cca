"""Faster or slower speech, at the same pitch."""

from dataclasses import dataclass

import numpy as np

from emodist.augmentations._overlap_add import stretch
from emodist.augmentations._ranges import check_range, uniform


@dataclass(frozen=True)
class TimeStretch:
    """Another tempo by overlap-add (WSOLA); the result has n_samples / rate samples.

    Parameters
    ----------
    min_rate, max_rate : float
        Above 1 is faster.
    """

    min_rate: float = 0.85
    max_rate: float = 1.2

    def __post_init__(self):
        values = (self.min_rate, self.max_rate)
        check_range("time_stretch", ("min_rate", "max_rate"), values, 0.5, 2.0)

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        return {"rate": uniform(rng, self.min_rate, self.max_rate)}

    def apply(
        self, waveform: np.ndarray, sample_rate: int, rng: np.random.Generator, rate: float
    ) -> np.ndarray:
        return stretch(waveform, sample_rate, rate)
