"""How noise-like the spectrum is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _kernels
from emodist.features._analysis import Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature


@dataclass(frozen=True)
class SpectralFlatness(FrameFeature):
    """Geometric mean over arithmetic mean of the power: `librosa.feature.spectral_flatness`.

    Within [0, 1]: near 0 for a tone, about 0.56 for white noise, 1 for silence, whose power is
    raised to the floor of 1e-10 in every bin.
    """

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = LIBROSA

    def frames(self, analysis: Analysis) -> np.ndarray:
        out = np.empty((1, analysis.n_frames), np.float32)
        _kernels.flatness(analysis.magnitude, out[0])
        return out
