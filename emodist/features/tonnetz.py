"""Tonal centroids: pitch classes on the circles of fifths, minor thirds and major thirds."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.compiled import librosa_ufuncs
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._frames import FrameFeature, numbered
from emodist.features._settings import check_choice
from emodist.features.chroma_stft import ChromaStft

CITATION = """\
@inproceedings{harte2006tonnetz,
  author = {Harte, Christopher and Sandler, Mark and Gasser, Martin},
  title = {Detecting Harmonic Change in Musical Audio},
  booktitle = {Proceedings of the 1st ACM Workshop on Audio and Music Computing Multimedia},
  pages = {21--26},
  year = {2006},
  doi = {10.1145/1178723.1178727}
}
"""


@dataclass(frozen=True)
class Tonnetz(FrameFeature):
    """Six tonal centroids within [-1, 1]: `librosa.feature.tonnetz`.

    Parameters
    ----------
    chroma : 'cqt' for pitch classes from a constant-Q transform, which is librosa's default and
        costs more than all default features together; 'stft' for those of chroma_stft

    Notes
    -----
    A frame without energy is zero.
    Harte, Sandler & Gasser, "Detecting harmonic change in musical audio", AMCMM (2006).
    """

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = CITATION + LIBROSA

    chroma: str = "cqt"

    def __post_init__(self):
        check_choice("tonnetz.chroma", self.chroma, ("cqt", "stft"))

    def elements(self) -> tuple[str, ...]:
        return numbered(6)

    def frames(self, analysis: Analysis) -> np.ndarray:
        if self.chroma == "stft":
            chroma = ChromaStft().frames(analysis).astype(np.float64)
        else:
            chroma = _chroma_cqt(analysis)
        total = chroma.sum(axis=0)
        chroma = chroma / np.where(total < np.finfo(np.float32).tiny, 1, total)
        return _centroid_map() @ chroma


def _centroid_map() -> np.ndarray:
    scale = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3])
    angle = np.outer(scale, np.arange(12))
    angle[::2] -= 0.5  # sines
    radius = np.array([1, 1, 1, 1, 0.5, 0.5])
    return radius[:, None] * np.cos(np.pi * angle)


def _chroma_cqt(analysis: Analysis) -> np.ndarray:
    # The one feature that calls librosa itself; imported here because that costs a second.
    librosa_ufuncs.make()
    from librosa.feature import chroma_cqt

    with warnings.catch_warnings():
        # Short and silent clips: frames longer than the clip, no pitch to tune by.
        warnings.simplefilter("ignore", UserWarning)
        chroma = chroma_cqt(y=analysis.waveform, sr=SAMPLE_RATE, hop_length=analysis.hop_length)
    return chroma.astype(np.float64)
