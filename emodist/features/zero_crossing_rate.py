"""Changes of sign per sample."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _kernels
from emodist.features._analysis import Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature


@dataclass(frozen=True)
class ZeroCrossingRate(FrameFeature):
    """Share of a frame's samples where the sign changes: `librosa.feature.zero_crossing_rate`.

    Within [0, 1]. Beyond the ends the first and last sample are repeated; samples within
    +-1e-10 count as positive.
    """

    unit: ClassVar[str] = "share"
    citation: ClassVar[str] = LIBROSA

    def frames(self, analysis: Analysis) -> np.ndarray:
        counts = np.empty((1, analysis.n_frames), np.float64)
        _kernels.crossings(analysis.waveform, analysis.n_fft, analysis.hop_length, counts[0])
        return counts / analysis.n_fft
