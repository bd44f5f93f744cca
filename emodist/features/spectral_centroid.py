"""Mean frequency of the spectrum."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature


@dataclass(frozen=True)
class SpectralCentroid(FrameFeature):
    """Mean frequency weighted by magnitude, Hz: `librosa.feature.spectral_centroid`.

    0 where a frame has no energy.
    """

    unit: ClassVar[str] = "Hz"
    citation: ClassVar[str] = LIBROSA

    def frames(self, analysis: Analysis) -> np.ndarray:
        return analysis.moments[1:2] * (SAMPLE_RATE / analysis.n_fft)
