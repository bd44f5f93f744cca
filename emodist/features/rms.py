"""Root mean square of each frame."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _kernels
from emodist.features._analysis import Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature


@dataclass(frozen=True)
class Rms(FrameFeature):
    """Root mean square of the samples, relative to full scale: `librosa.feature.rms`."""

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = LIBROSA

    def frames(self, analysis: Analysis) -> np.ndarray:
        energy = np.empty((1, analysis.n_frames))
        padded = analysis.padded(analysis.n_fft)
        _kernels.energies(padded, analysis.n_fft, analysis.hop_length, energy[0])
        return np.sqrt(energy / analysis.n_fft)
