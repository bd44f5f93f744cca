"""Noise under the voice, at a given signal-to-noise ratio."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emodist.augmentations._ranges import check_range, uniform
from emodist.errors import ConfigError

COLORS = ("white", "pink")


@dataclass(frozen=True)
class Noise:
    """White or pink noise; silence, which has no level to relate it to, gets none.

    Parameters
    ----------
    min_snr_db, max_snr_db : float, dB
        Mean power of the whole waveform over that of the noise.
    color : "white", "pink" (power falls by 3 dB an octave) or "any" (drawn)
    """

    min_snr_db: float = 10.0
    max_snr_db: float = 30.0
    color: str = "any"

    def __post_init__(self):
        values = (self.min_snr_db, self.max_snr_db)
        check_range("noise", ("min_snr_db", "max_snr_db"), values, -40, 100)
        if self.color not in (*COLORS, "any"):
            raise ConfigError(f"noise.color must be white, pink or any; got {self.color!r}")

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        snr_db = uniform(rng, self.min_snr_db, self.max_snr_db)
        color = COLORS[rng.integers(len(COLORS))] if self.color == "any" else self.color
        return {"snr_db": snr_db, "color": color}

    def apply(
        self,
        waveform: np.ndarray,
        sample_rate: int,
        rng: np.random.Generator,
        snr_db: float,
        color: str,
    ) -> np.ndarray:
        noise = rng.standard_normal(len(waveform), np.float32)
        if color == "pink":
            noise = _pink(noise)
        wanted = _power(waveform) / 10 ** (snr_db / 10)
        factor = np.sqrt(wanted / max(_power(noise), np.finfo(np.float64).tiny))
        return waveform + noise * np.float32(factor)


def _pink(white: np.ndarray) -> np.ndarray:
    # Here and in `room`: what an augmentation is called and takes is asked for without using it.
    import scipy.fft

    n_samples = scipy.fft.next_fast_len(len(white), real=True)
    spectrum = scipy.fft.rfft(white, n_samples)
    # The lowest frequencies would take most of the power, and nobody hears them.
    bins = np.maximum(np.arange(len(spectrum)), n_samples / 800)
    return scipy.fft.irfft(spectrum / np.sqrt(bins).astype(np.float32), n_samples)[: len(white)]


def _power(waveform: np.ndarray) -> float:
    return float(np.mean(np.square(waveform, dtype=np.float64)))
