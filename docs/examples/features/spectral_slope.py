"""How steeply the spectrum falls: a tense voice falls less."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._frames import FrameFeature
from emodist.features._settings import check_between

FLOOR = 1e-5  # magnitude; keeps the logarithm finite in silence


@dataclass(frozen=True)
class SpectralSlope(FrameFeature):
    """Slope of the line of least squares through each frame's spectrum, dB per kHz.

    Parameters
    ----------
    fmax_hz : the line ends here

    Notes
    -----
    0 where a frame is silent: all bins stand on the same floor.
    """

    unit: ClassVar[str] = "dB/kHz"
    citation: ClassVar[str] = ""

    fmax_hz: float = 4000.0

    def __post_init__(self):
        check_between("spectral_slope.fmax_hz", self.fmax_hz, 100, SAMPLE_RATE / 2)

    def frames(self, analysis: Analysis) -> np.ndarray:
        khz = np.arange(analysis.magnitude.shape[1]) * SAMPLE_RATE / analysis.n_fft / 1000
        inside = khz <= self.fmax_hz / 1000
        level_db = 20 * np.log10(np.maximum(analysis.magnitude[:, inside], FLOOR))
        away = khz[inside] - khz[inside].mean()
        return (level_db @ (away / (away @ away)))[None]
