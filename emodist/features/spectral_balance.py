"""How energy is spread over the bands of speech: vocal effort tilts it towards the high ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.compiled import FINITE, compiled
from emodist.features import _functionals
from emodist.features._analysis import SAMPLE_RATE, SHORT_FFT, SHORT_HOP, SHORT_S, Analysis
from emodist.features._citations import GEMAPS
from emodist.features.f0 import F0

EDGES_HZ = (50, 500, 1000, 2000, 5000, 8000)
BINS = np.array([round(hz * SHORT_FFT / SAMPLE_RATE) for hz in EDGES_HZ])
FLOOR = np.float32(1e-10)  # power
ELEMENTS = ("alpha_ratio", "hammarberg", "drop_500", "drop_1000", "drop_2000", "drop_5000")
PARTS = ("voiced", "unvoiced", "all")

CITATION = """\
@article{hammarberg1980quality,
  author = {Hammarberg, Britta and Fritzell, Björn and Gauffin, Jan and Sundberg, Johan and Wedin, Lage},
  title = {Perceptual and Acoustic Correlates of Abnormal Voice Qualities},
  journal = {Acta Oto-Laryngologica},
  volume = {90},
  pages = {441--451},
  year = {1980},
  doi = {10.3109/00016488009131746}
}
"""  # noqa: E501


@dataclass(frozen=True)
class SpectralBalance:
    """Level differences between bands, dB, over voiced, unvoiced and all frames of 32 ms.

    `alpha_ratio` is the level of 1 to 5 kHz over that of 50 to 1000 Hz (openSMILE's sign: below 0
    for voices); `hammarberg` the highest peak below 2 kHz over that of 2 to 5 kHz; `drop_500` and
    so on the level of the band below that frequency over the one above it (edges 50, 500, 1000,
    2000, 5000, 8000 Hz).

    Notes
    -----
    Hammarberg et al., "Perceptual and acoustic correlates of abnormal voice qualities", Acta
    Otolaryngologica 90 (1980). A frame is voiced if the nearest frame of `f0` is. Where there is
    no frame of a kind, its columns are 0.
    """

    unit: ClassVar[str] = "dB"
    citation: ClassVar[str] = CITATION + GEMAPS

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`spectral_balance_PART_ELEMENT_FUNCTIONAL`."""
        return tuple(
            f"spectral_balance_{part}_{element}_{functional}"
            for part in PARTS
            for element in ELEMENTS
            for functional in functionals
        )

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns."""
        return (len(PARTS) * len(ELEMENTS) * len(functionals),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """The functionals of each element of each part, float32."""
        frames = self.frames(analysis)
        _, track = F0().track(analysis)
        nearest = np.arange(frames.shape[1]) * SHORT_HOP / analysis.hop_length
        is_voiced = track[np.minimum(np.rint(nearest).astype(int), track.size - 1)]
        parts = (is_voiced, ~is_voiced, np.ones_like(is_voiced))
        return np.concatenate(
            [
                _functionals.apply(frames[:, part], functionals, SHORT_S, np.flatnonzero(part))
                for part in parts
            ]
        )

    def frames(self, analysis: Analysis) -> np.ndarray:
        """Shape (6, n_short_frames), dB."""
        out = np.empty((len(ELEMENTS), len(analysis.short_power)), np.float32)
        _levels(analysis.short_power, BINS, out)
        return out


@compiled(FINITE)
def _levels(power, bins, out):
    n_bands = bins.size - 1
    bands = np.empty(n_bands, np.float32)
    peaks = np.empty(n_bands, np.float32)
    for t in range(power.shape[0]):
        for band in range(n_bands):
            total, peak = FLOOR, FLOOR
            for k in range(bins[band], bins[band + 1]):
                total += power[t, k]
                peak = max(peak, power[t, k])
            bands[band], peaks[band] = total, peak
        out[0, t] = _db(bands[2] + bands[3]) - _db(bands[0] + bands[1])
        out[1, t] = _db(max(peaks[0], peaks[1], peaks[2])) - _db(peaks[3])
        for band in range(n_bands - 1):
            out[2 + band, t] = _db(bands[band]) - _db(bands[band + 1])


@compiled()
def _db(power):
    return np.float32(10) * np.log10(power)
