"""Level difference between peaks and valleys of the spectrum, by octave."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from emodist.errors import ConfigError
from emodist.features import _filters
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature, numbered
from emodist.features._settings import check_between, check_int

CITATION = """\
@inproceedings{jiang2002contrast,
  author = {Jiang, Dan-Ning and Lu, Lie and Zhang, Hong-Jiang and Tao, Jian-Hua and Cai, Lian-Hong},
  title = {Music Type Classification by Spectral Contrast Feature},
  booktitle = {IEEE International Conference on Multimedia and Expo},
  volume = {1},
  pages = {113--116},
  year = {2002},
  doi = {10.1109/ICME.2002.1035731}
}
"""


@dataclass(frozen=True)
class SpectralContrast(FrameFeature):
    """Peaks minus valleys of each band, dB: `librosa.feature.spectral_contrast`.

    Parameters
    ----------
    n_bands : octaves above the first band, which reaches from 0 to fmin_hz
    fmin_hz : upper end of the first band
    quantile : the share of a band's bins that make up its peak, and its valley

    Notes
    -----
    Levels more than 80 dB below the clip's highest are raised to that.
    Jiang et al., "Music type classification by spectral contrast feature", ICME (2002).
    """

    unit: ClassVar[str] = "dB"
    citation: ClassVar[str] = CITATION + LIBROSA

    n_bands: int = 6
    fmin_hz: float = 200.0
    quantile: float = 0.02

    def __post_init__(self):
        check_int("spectral_contrast.n_bands", self.n_bands, 1, 16)
        nyquist = SAMPLE_RATE / 2
        check_between("spectral_contrast.fmin_hz", self.fmin_hz, 0, nyquist, ends_allowed=False)
        check_between("spectral_contrast.quantile", self.quantile, 0, 1, ends_allowed=False)
        last_hz = self.fmin_hz * 2 ** (self.n_bands - 1)
        if last_hz >= nyquist:
            raise ConfigError(
                f"spectral_contrast: the last band must begin below {nyquist:g} Hz; got "
                f"{last_hz:g} Hz, reduce n_bands={self.n_bands} or fmin_hz={self.fmin_hz}"
            )

    def elements(self) -> tuple[str, ...]:
        return numbered(self.n_bands + 1)

    def frames(self, analysis: Analysis) -> np.ndarray:
        bands = _bands(analysis.n_fft, self.n_bands, float(self.fmin_hz), float(self.quantile))
        peaks, valleys = np.empty((2, self.n_bands + 1, analysis.n_frames))
        for band, (low, high, n) in enumerate(bands):
            # numpy sorts in vector code: faster than selecting with branches, which spectra
            # make hard to predict.
            ordered = np.sort(analysis.magnitude[:, low:high], axis=1)
            ordered[:, -n:].mean(axis=1, out=peaks[band])
            ordered[:, :n].mean(axis=1, out=valleys[band])
        return _level_db(peaks) - _level_db(valleys)


def _level_db(values: np.ndarray) -> np.ndarray:
    # librosa applies power_to_db to magnitudes here, with its floor of 80 dB below the maximum.
    level = 10 * np.log10(np.maximum(values, 1e-10))
    return np.maximum(level, level.max() - 80)


@lru_cache(maxsize=32)
def _bands(
    n_fft: int, n_bands: int, fmin_hz: float, quantile: float
) -> tuple[tuple[int, int, int], ...]:
    """First bin, end, and number of bins in a peak, of each band; librosa's overlaps kept."""
    hz = _filters.bin_frequencies_hz(SAMPLE_RATE, n_fft)
    edges = np.r_[0, fmin_hz * 2.0 ** np.arange(n_bands + 1)]
    bands = []
    for band in range(n_bands + 1):
        is_last = band == n_bands
        low = int(np.searchsorted(hz, edges[band], "left")) - (band > 0)
        high = hz.size if is_last else int(np.searchsorted(hz, edges[band + 1], "right"))
        n_peak = max(1, round(quantile * (high - low)))
        high -= not is_last
        if high <= low:
            raise ConfigError(
                f"spectral_contrast: no FFT bin between {edges[band]:g} and {edges[band + 1]:g} Hz "
                f"with n_fft={n_fft}; raise n_fft or fmin_hz"
            )
        bands.append((low, high, min(n_peak, high - low)))
    return tuple(bands)
