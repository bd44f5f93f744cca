"""Frequency below which most of the spectrum lies."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _kernels
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature
from emodist.features._settings import check_between


@dataclass(frozen=True)
class SpectralRolloff(FrameFeature):
    """Frequency below which a share of the magnitude lies, Hz: `librosa.feature.spectral_rolloff`.

    Parameters
    ----------
    roll_percent : the share, within (0, 1); the name is librosa's

    Notes
    -----
    0 where a frame has no energy.
    """

    unit: ClassVar[str] = "Hz"
    citation: ClassVar[str] = LIBROSA

    roll_percent: float = 0.85

    def __post_init__(self):
        check_between("spectral_rolloff.roll_percent", self.roll_percent, 0, 1, ends_allowed=False)

    def frames(self, analysis: Analysis) -> np.ndarray:
        bins = np.empty((1, analysis.n_frames), np.float64)
        _kernels.rolloff_bin(analysis.magnitude, float(self.roll_percent), bins[0])
        return bins * (SAMPLE_RATE / analysis.n_fft)
