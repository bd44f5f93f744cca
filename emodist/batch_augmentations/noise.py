"""White noise under an image: the power of the noise is added to that of the sound."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.batch_augmentations import Arrays
from emodist.batch_augmentations._checks import check_number
from emodist.errors import ConfigError

# Levels below it are nothing, as in `log_mel`.
LEAST_DB = -100.0


@dataclass(frozen=True)
class Noise:
    """Noise of the same expected power in each mel band, with the spread of a spectrogram's.

    The signal-to-noise ratio is that of the mean mel powers of an image, drawn evenly.

    Parameters
    ----------
    min_snr_db, max_snr_db : float, dB
    """

    INPUTS: ClassVar[str] = "decibels"

    min_snr_db: float = 10.0
    max_snr_db: float = 40.0

    def __post_init__(self):
        for name in ("min_snr_db", "max_snr_db"):
            check_number(f"noise.{name}", getattr(self, name), -40, 100)
        if self.min_snr_db > self.max_snr_db:
            raise ConfigError(
                f"noise.min_snr_db={self.min_snr_db} is above noise.max_snr_db={self.max_snr_db}"
            )

    def apply(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, rng: np.random.Generator
    ) -> Arrays:
        power = np.exp(x * np.float32(np.log(10) / 10))
        snr_db = rng.uniform(self.min_snr_db, self.max_snr_db, (len(x), 1, 1))
        level = power.mean(axis=(1, 2), keepdims=True) * 10 ** (-snr_db / 10)
        # A power of two normal numbers (real and imaginary part) is distributed exponentially.
        power += level.astype(np.float32) * rng.standard_exponential(x.shape, np.float32)
        least = np.float32(10 ** (LEAST_DB / 10))
        return 10 * np.log10(np.maximum(power, least)), y, weight
