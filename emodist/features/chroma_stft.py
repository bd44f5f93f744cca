"""Energy of the twelve pitch classes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _filters, _kernels
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature, numbered
from emodist.features._settings import check_between


@dataclass(frozen=True)
class ChromaStft(FrameFeature):
    """Power of each pitch class, C first, over the strongest one's: librosa's `chroma_stft`.

    Parameters
    ----------
    tuning : deviation from A440 in fractions of a semitone; null estimates it from the clip

    Notes
    -----
    Within [0, 1]; a frame without energy is zero.
    """

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = LIBROSA

    tuning: float | None = None

    def __post_init__(self):
        if self.tuning is not None:
            check_between("chroma_stft.tuning", self.tuning, -0.5, 0.5)

    def elements(self) -> tuple[str, ...]:
        return numbered(12)

    def frames(self, analysis: Analysis) -> np.ndarray:
        tuning = analysis.tuning if self.tuning is None else float(self.tuning)
        filters = _filters.chroma(SAMPLE_RATE, analysis.n_fft, tuning)
        out = np.empty((12, analysis.n_frames), np.float32)
        _kernels.chroma(analysis.magnitude, filters, out)
        return out
