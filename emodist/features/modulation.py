"""Modulation spectrum: how fast the energy of each band of speech comes and goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.compiled import compiled
from emodist.features._analysis import N_SHORT_MELS, SHORT_S, Analysis
from emodist.features._frames import numbered

EDGES_HZ = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 31.25)
N_BANDS = 8
PER_BAND = 3  # mel bands; the two highest of 26 are left out
LEAST_FFT = 512  # frames: 8 s, so that every modulation band holds bins, however short the sound
FLOOR = 1e-3

CITATION = """\
@article{wu2011modulation,
  author = {Wu, Siqing and Falk, Tiago H. and Chan, Wai-Yip},
  title = {Automatic Speech Emotion Recognition Using Modulation Spectral Features},
  journal = {Speech Communication},
  volume = {53},
  number = {5},
  pages = {768--785},
  year = {2011}
}
"""


@dataclass(frozen=True)
class Modulation:
    """Power of the level of 8 bands between modulation frequencies of 0.5 and 31 Hz, by octave.

    Each number is the natural logarithm of the mean power, dB ** 2, of a band's level in dB over
    an octave of modulation: syllables come at 2 to 8 Hz, a trembling or rough voice moves faster.
    A constant gain or filter (the microphone, the room's colour, the mean voice) cancels.

    Notes
    -----
    After Wu, Falk & Chan, "Automatic speech emotion recognition using modulation spectral
    features", Speech Communication 53 (2011). Functionals do not apply.
    """

    unit: ClassVar[str] = "ln dB²"
    citation: ClassVar[str] = CITATION

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`modulation_BAND_FROMhz`."""
        return tuple(
            f"modulation_{band}_{edge:g}hz" for band in numbered(N_BANDS) for edge in EDGES_HZ[:-1]
        )

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns, whatever the functionals."""
        return (N_BANDS * (len(EDGES_HZ) - 1),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 numbers in the order of `labels`."""
        levels = analysis.short_mel_db
        n_fft = max(LEAST_FFT, 1 << (len(levels) - 1).bit_length())
        bands = np.zeros((N_BANDS, n_fft), np.float32)
        _fill(levels, bands)
        bins = np.ceil(np.array(EDGES_HZ) * SHORT_S * n_fft).astype(np.int64)
        out = np.empty((N_BANDS, len(EDGES_HZ) - 1), np.float32)
        _octaves(np.fft.rfft(bands), bins, len(levels), out)
        return out.ravel()


@compiled()
def _fill(levels, bands):
    """Mean level of neighbouring mel bands, less its own mean over time."""
    n_frames = levels.shape[0]
    for band in range(bands.shape[0]):
        total = 0.0
        for t in range(n_frames):
            value = levels[t, band * PER_BAND : (band + 1) * PER_BAND].mean()
            bands[band, t] = value
            total += value
        bands[band, :n_frames] -= np.float32(total / n_frames)


@compiled()
def _octaves(spectra, bins, n_frames, out):
    for band in range(spectra.shape[0]):
        for octave in range(bins.size - 1):
            total = 0.0
            for k in range(bins[octave], bins[octave + 1]):
                total += spectra[band, k].real ** 2 + spectra[band, k].imag ** 2
            mean = total / ((bins[octave + 1] - bins[octave]) * n_frames)
            out[band, octave] = np.log(mean + FLOOR)


assert N_BANDS * PER_BAND <= N_SHORT_MELS
