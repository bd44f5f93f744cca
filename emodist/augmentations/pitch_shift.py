"""A higher or lower voice, at the same tempo."""

from dataclasses import dataclass

import numpy as np

from emodist.augmentations._overlap_add import stretch
from emodist.augmentations._ranges import check_range, uniform


@dataclass(frozen=True)
class PitchShift:
    """Stretched by overlap-add and played back faster or slower: formants move with the pitch.

    Parameters
    ----------
    min_semitones, max_semitones : float
    """

    min_semitones: float = -4.0
    max_semitones: float = 4.0

    def __post_init__(self):
        values = (self.min_semitones, self.max_semitones)
        check_range("pitch_shift", ("min_semitones", "max_semitones"), values, -12, 12)

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        return {"semitones": uniform(rng, self.min_semitones, self.max_semitones)}

    def apply(
        self, waveform: np.ndarray, sample_rate: int, rng: np.random.Generator, semitones: float
    ) -> np.ndarray:
        import soxr

        factor = 2.0 ** (semitones / 12)
        longer = stretch(waveform, sample_rate, 1 / factor)
        played = soxr.resample(longer, factor, 1.0, quality="MQ")
        # The resampler rounds the length in its own way.
        shifted = np.zeros(len(waveform), np.float32)
        n_samples = min(len(played), len(shifted))
        shifted[:n_samples] = played[:n_samples]
        return shifted
