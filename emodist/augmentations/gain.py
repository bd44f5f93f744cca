"""Louder or quieter."""

from dataclasses import dataclass

import numpy as np

from emodist.augmentations._ranges import check_range, uniform


@dataclass(frozen=True)
class Gain:
    """Another level; nothing is clipped.

    Parameters
    ----------
    min_db, max_db : float, dB
    """

    min_db: float = -12.0
    max_db: float = 6.0

    def __post_init__(self):
        check_range("gain", ("min_db", "max_db"), (self.min_db, self.max_db), -60, 60)

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        return {"gain_db": uniform(rng, self.min_db, self.max_db)}

    def apply(
        self, waveform: np.ndarray, sample_rate: int, rng: np.random.Generator, gain_db: float
    ) -> np.ndarray:
        return waveform * np.float32(10 ** (gain_db / 20))
