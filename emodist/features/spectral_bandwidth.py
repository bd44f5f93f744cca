"""Spread of the spectrum around its centroid."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature


@dataclass(frozen=True)
class SpectralBandwidth(FrameFeature):
    """Standard deviation of frequency by magnitude, Hz: librosa's `spectral_bandwidth`.

    0 where a frame has no energy.
    """

    unit: ClassVar[str] = "Hz"
    citation: ClassVar[str] = LIBROSA

    def frames(self, analysis: Analysis) -> np.ndarray:
        return np.sqrt(analysis.moments[2:3]) * (SAMPLE_RATE / analysis.n_fft)
