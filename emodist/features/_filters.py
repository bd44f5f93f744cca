"""Filter banks and transforms, built once for each set of settings.

They equal librosa's own (`librosa.filters`), which are not called because importing them costs
every worker about a second of CPU.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class BandedFilters(NamedTuple):
    """A filter bank whose filters each cover neighbouring bins only."""

    starts: np.ndarray  # first bin of each filter, shape (n_filters,)
    offsets: np.ndarray  # where each filter's weights start, shape (n_filters + 1,)
    weights: np.ndarray  # float32, all filters one after another


def bin_frequencies_hz(sample_rate: int, n_fft: int) -> np.ndarray:
    """Centre of each FFT bin, shape (n_fft // 2 + 1,)."""
    return np.fft.rfftfreq(n_fft, d=1.0 / sample_rate)


@lru_cache(maxsize=8)
def hann(n_fft: int) -> np.ndarray:
    """The periodic Hann window, float64."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)


@lru_cache(maxsize=32)
def mel(sample_rate: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float) -> BandedFilters:
    """Triangles on Slaney's mel scale, each of unit area: `librosa.filters.mel`.

    Notes
    -----
    Slaney, *Auditory Toolbox* (1998). A triangle narrower than the FFT's bins is empty, and its
    output is zero power.
    """
    ends = _hz_to_mel(np.array([fmin_hz, fmax_hz]))
    edges = _mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2))
    ramps = edges[:, None] - bin_frequencies_hz(sample_rate, n_fft)
    widths = np.diff(edges)[:, None]
    triangles = np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:])
    # Rounded before they are scaled, as librosa does.
    dense = np.maximum(0, triangles).astype(np.float32)
    dense *= (2.0 / (edges[2:] - edges[:-2]))[:, None]

    first = np.argmax(dense > 0, axis=1)
    last = dense.shape[1] - np.argmax(dense[:, ::-1] > 0, axis=1)
    lengths = np.where(dense.any(axis=1), last - first, 0)
    rows = [dense[i, first[i] : first[i] + lengths[i]] for i in range(n_mels)]
    return BandedFilters(first, np.r_[0, np.cumsum(lengths)], np.concatenate(rows))


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    log_part = 15 + 27 * np.log(np.maximum(hz, 1000) / 1000) / np.log(6.4)
    return np.where(hz >= 1000, log_part, hz * 3 / 200)


def _mel_to_hz(mels: np.ndarray) -> np.ndarray:
    log_part = 1000 * np.exp(np.log(6.4) / 27 * (np.maximum(mels, 15) - 15))
    return np.where(mels >= 15, log_part, mels * 200 / 3)


# One hundred tunings (cents of a semitone) of 49 kB each for the default n_fft.
@lru_cache(maxsize=100)
def chroma(sample_rate: int, n_fft: int, tuning: float) -> np.ndarray:
    """Twelve pitch classes from C, float32, shape (12, n_bins): `librosa.filters.chroma`.

    Notes
    -----
    Ellis, *Chroma feature analysis and synthesis* (2007): Gaussian bumps on the pitch-class
    circle, under a Gaussian of two octaves around 440 Hz * 2 ** (tuning / 12).
    """
    n_bins = n_fft // 2 + 1
    hz = np.arange(1, n_bins + 1) * (sample_rate / n_fft)
    pitch = 12 * np.log2(hz / (440.0 * 2.0 ** (tuning / 12) / 16))
    # The 0 Hz bin is put 1.5 octaves below bin 1.
    pitch = np.r_[pitch[0] - 18, pitch]
    widths = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:n_bins]
    distance = np.remainder(pitch - np.arange(12)[:, None] + 126, 12) - 6
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    weights *= np.exp(-0.5 * ((pitch / 12 - 5) / 2) ** 2)
    return np.roll(weights, -3, axis=0).astype(np.float32)


@lru_cache(maxsize=8)
def dct(n_out: int, n_in: int) -> np.ndarray:
    """The first rows of the orthonormal DCT-II, float32, shape (n_out, n_in)."""
    k, n = np.arange(n_out)[:, None], np.arange(n_in)
    basis = np.cos(np.pi * k * (2 * n + 1) / (2 * n_in)) * np.sqrt(2 / n_in)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)
