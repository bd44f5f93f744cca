"""The sound of a room: the voice, and its decaying reverberation."""

from dataclasses import dataclass

import numpy as np

from emodist.augmentations._ranges import check_range, uniform


@dataclass(frozen=True)
class Room:
    """A synthetic impulse response: the direct sound, then exponentially decaying noise.

    Polack's model of late reverberation, without early reflections. The direct sound stays in its
    place, the response has unit energy, and what rings on after the end is cut off.

    Parameters
    ----------
    min_rt60_s, max_rt60_s : float, seconds
        Time in which the reverberation falls by 60 dB.
    min_direct_db, max_direct_db : float, dB
        Energy of the direct sound over that of the reverberation: how near the microphone is.
    """

    min_rt60_s: float = 0.2
    max_rt60_s: float = 0.8
    min_direct_db: float = 0.0
    max_direct_db: float = 12.0

    def __post_init__(self):
        times = (self.min_rt60_s, self.max_rt60_s)
        check_range("room", ("min_rt60_s", "max_rt60_s"), times, 0.01, 10)
        ratios = (self.min_direct_db, self.max_direct_db)
        check_range("room", ("min_direct_db", "max_direct_db"), ratios, -60, 60)

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        return {
            "rt60_s": uniform(rng, self.min_rt60_s, self.max_rt60_s),
            "direct_db": uniform(rng, self.min_direct_db, self.max_direct_db),
        }

    def apply(
        self,
        waveform: np.ndarray,
        sample_rate: int,
        rng: np.random.Generator,
        rt60_s: float,
        direct_db: float,
    ) -> np.ndarray:
        import scipy.signal

        response = impulse_response(sample_rate, rng, rt60_s, direct_db)
        return scipy.signal.oaconvolve(waveform, response)[: len(waveform)].astype(np.float32)


def impulse_response(
    sample_rate: int, rng: np.random.Generator, rt60_s: float, direct_db: float
) -> np.ndarray:
    """Float32 array of `rt60_s` seconds with unit energy; its first sample is the direct sound."""
    time_s = np.arange(1, max(2, round(rt60_s * sample_rate))) / sample_rate
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / rt60_s)
    direct = np.sqrt(np.sum(tail**2) * 10 ** (direct_db / 10))
    response = np.concatenate([[direct], tail])
    return (response / np.sqrt(np.sum(response**2))).astype(np.float32)
