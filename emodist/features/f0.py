"""Fundamental frequency of the voice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.errors import ConfigError
from emodist.features import _functionals, _pyin
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._settings import check_between, check_choice, check_int

CITATION = """\
@article{decheveigne2002yin,
  author = {de Cheveigné, Alain and Kawahara, Hideki},
  title = {{YIN}, a Fundamental Frequency Estimator for Speech and Music},
  journal = {Journal of the Acoustical Society of America},
  volume = {111},
  number = {4},
  pages = {1917--1930},
  year = {2002},
  doi = {10.1121/1.1458024}
}
@inproceedings{mauch2014pyin,
  author = {Mauch, Matthias and Dixon, Simon},
  title = {{pYIN}: A Fundamental Frequency Estimator Using Probabilistic Threshold Distributions},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing},
  pages = {659--663},
  year = {2014},
  doi = {10.1109/ICASSP.2014.6853678}
}
"""


@dataclass(frozen=True)
class F0:
    """Pitch over the voiced frames, in Hz and as natural logarithm, and how many are voiced.

    Parameters
    ----------
    method : 'yin' (`librosa.yin`) or 'pyin' (`librosa.pyin`), which follows the most likely path
    fmin_hz, fmax_hz : range searched. The default reaches from the lowest male voices (C2) to the
        cries of fear and joy of women and children; higher, the first formant is taken for pitch
    trough_threshold : yin takes the first trough of the normalized difference below this
    voiced_below : yin calls a frame voiced if the trough it took is below this
    silence_db : a frame this much quieter than the loudest one is not voiced
    frame_length : samples; must hold more than one period of fmin_hz

    Notes
    -----
    A clip without voiced frames is all zeros.
    """

    unit: ClassVar[str] = "Hz, ln Hz, share"
    citation: ClassVar[str] = CITATION + LIBROSA

    method: str = "yin"
    fmin_hz: float = 65.40639132514966
    fmax_hz: float = 800.0
    trough_threshold: float = 0.1
    voiced_below: float = 0.3
    silence_db: float = 40.0
    frame_length: int = 2048

    def __post_init__(self):
        check_choice("f0.method", self.method, ("yin", "pyin"))
        check_int("f0.frame_length", self.frame_length, 16)
        lowest = SAMPLE_RATE / (self.frame_length - 1)
        check_between("f0.fmin_hz", self.fmin_hz, lowest, SAMPLE_RATE / 2, ends_allowed=False)
        check_between("f0.fmax_hz", self.fmax_hz, 0, SAMPLE_RATE / 4, ends_allowed=False)
        if self.fmin_hz * 1.1 > self.fmax_hz:
            raise ConfigError(
                f"f0.fmin_hz={self.fmin_hz} must be well below fmax_hz={self.fmax_hz}"
            )
        check_between("f0.trough_threshold", self.trough_threshold, 0, 1, ends_allowed=False)
        check_between("f0.voiced_below", self.voiced_below, 0, 1, ends_allowed=False)
        check_between("f0.silence_db", self.silence_db, 0, 1000)

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`f0_hz_*`, `f0_log_*`, and `f0_voiced_fraction`."""
        stems = ("f0_hz", "f0_log")
        columns = [f"{stem}_{functional}" for stem in stems for functional in functionals]
        return (*columns, "f0_voiced_fraction")

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns."""
        return (2 * len(functionals) + 1,)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Functionals of pitch and of its logarithm, then the share of voiced frames."""
        f0, is_voiced = self.track(analysis)
        voiced = f0[is_voiced]
        frames = np.stack([voiced, np.log(voiced)]).astype(np.float32)
        index = np.flatnonzero(is_voiced)
        values = _functionals.apply(frames, functionals, analysis.frame_s, index)
        return np.append(values, np.float32(is_voiced.mean()))

    def track(self, analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
        """Pitch in Hz (a guess where not voiced) and voicing, each of shape (n_frames,)."""
        search = (float(self.fmin_hz), float(self.fmax_hz))
        if self.method == "yin":
            f0, depth, energy = analysis.yin(
                self.frame_length, *search, float(self.trough_threshold)
            )
            is_voiced = depth < self.voiced_below
        else:
            padded = analysis.padded(self.frame_length)
            frame = (padded, self.frame_length, analysis.hop_length)
            f0, is_voiced, energy = _pyin.pyin(*frame, SAMPLE_RATE, *search)
        floor = energy.max() * 10 ** (-self.silence_db / 10)
        return f0, is_voiced & (energy > 0) & (energy >= floor)
