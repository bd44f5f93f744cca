"""Mel-frequency cepstral coefficients with their first and second time derivatives."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.errors import ConfigError
from emodist.features import _filters, _kernels
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature, numbered
from emodist.features._settings import check_between, check_int

WIDTH = 9  # frames of a derivative
_k = np.arange(WIDTH) - WIDTH // 2
# Savitzky-Golay: the slope of the line, and twice the quadratic term of the parabola, of least
# squares through nine points. Their polynomials have no higher derivative, so at the ends of the
# clip (scipy's mode "interp") the result of the first and last full windows holds.
_TAPS = ((_k / 60).astype(np.float32), ((_k**2 - 20 / 3) / 154).astype(np.float32))

CITATION = """\
@article{davis1980mfcc,
  author = {Davis, Steven B. and Mermelstein, Paul},
  title = {Comparison of Parametric Representations for Monosyllabic Word Recognition in Continuously Spoken Sentences},
  journal = {IEEE Transactions on Acoustics, Speech, and Signal Processing},
  volume = {28},
  number = {4},
  pages = {357--366},
  year = {1980},
  doi = {10.1109/TASSP.1980.1163420}
}
"""  # noqa: E501


@dataclass(frozen=True)
class Mfcc(FrameFeature):
    """MFCCs: the cosine transform of the log-mel spectrogram.

    Parameters
    ----------
    n_mfcc : coefficients; the first is the level
    n_mels : mel bands
    deltas : 0 for the coefficients alone, 1 with their derivative, 2 with the second one too
    fmin_hz, fmax_hz : range of the mel bands

    Notes
    -----
    `librosa.feature.mfcc`, and `librosa.feature.delta` of width 9 per frame (not per second). A
    clip of fewer than nine frames is extended by its first and last frame (librosa's
    mode="nearest").
    Davis & Mermelstein, IEEE Trans. ASSP 28 (1980).
    """

    unit: ClassVar[str] = "dB"
    citation: ClassVar[str] = CITATION + LIBROSA

    n_mfcc: int = 20
    n_mels: int = 128
    deltas: int = 2
    fmin_hz: float = 0.0
    fmax_hz: float = SAMPLE_RATE / 2

    def __post_init__(self):
        check_int("mfcc.n_mels", self.n_mels, 1, 1024)
        check_int("mfcc.n_mfcc", self.n_mfcc, 1, self.n_mels)
        check_int("mfcc.deltas", self.deltas, 0, 2)
        check_between("mfcc.fmin_hz", self.fmin_hz, 0, SAMPLE_RATE / 2)
        check_between("mfcc.fmax_hz", self.fmax_hz, 0, SAMPLE_RATE / 2)
        if self.fmin_hz >= self.fmax_hz:
            raise ConfigError(f"mfcc.fmin_hz={self.fmin_hz} must be below fmax_hz={self.fmax_hz}")

    def elements(self) -> tuple[str, ...]:
        prefixes = ("", "delta_", "delta2_")[: 1 + self.deltas]
        return tuple(name for prefix in prefixes for name in numbered(self.n_mfcc, prefix))

    def frames(self, analysis: Analysis) -> np.ndarray:
        log_mel = analysis.log_mel(self.n_mels, self.fmin_hz, self.fmax_hz, 80.0)
        out = np.empty((1 + self.deltas, self.n_mfcc, analysis.n_frames), np.float32)
        _kernels.transform(log_mel, _filters.dct(self.n_mfcc, self.n_mels), out[0])
        for order in range(1, self.deltas + 1):
            _derivative(out[0], _TAPS[order - 1], out[order])
        return out.reshape(-1, analysis.n_frames)


def _derivative(rows: np.ndarray, taps: np.ndarray, out: np.ndarray) -> None:
    if rows.shape[1] >= WIDTH:
        _kernels.correlate_rows(rows, taps, out)
        return
    half = WIDTH // 2
    extended = np.pad(rows, ((0, 0), (half, half)), mode="edge")
    wide = np.empty_like(extended)
    _kernels.correlate_rows(extended, taps, wide)
    out[:] = wide[:, half:-half]
