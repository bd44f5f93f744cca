"""Voice quality: how regular, how breathy and how pressed the voice is while it sounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features import _functionals, _glottis
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features.f0 import F0

ELEMENTS = ("jitter", "shimmer_db", "hnr_db", "cpp_db", "h1_h2_db", "h1_a3_db")
FRAME = 2048  # samples from which a voiced frame is measured, as for the pitch
# The cepstrum is that of 0 to 4 kHz, where voices have harmonics that stand out.
CEPSTRUM_HZ = 4000
LONGEST_S, SHORTEST_S = 1 / 65, 1 / 800  # periods: the range of `f0`
CHUNK = 256  # frames whose cepstra are held at once: bounds memory for long audio

CITATION = """\
@article{boersma1993harmonics,
  author = {Boersma, Paul},
  title = {Accurate Short-Term Analysis of the Fundamental Frequency and the Harmonics-to-Noise Ratio of a Sampled Sound},
  journal = {Proceedings of the Institute of Phonetic Sciences, University of Amsterdam},
  volume = {17},
  pages = {97--110},
  year = {1993}
}
@article{hillenbrand1996breathy,
  author = {Hillenbrand, James and Houde, Robert A.},
  title = {Acoustic Correlates of Breathy Vocal Quality: Dysphonic Voices and Continuous Speech},
  journal = {Journal of Speech and Hearing Research},
  volume = {39},
  number = {2},
  pages = {311--321},
  year = {1996},
  doi = {10.1044/jshr.3902.311}
}
"""  # noqa: E501


@dataclass(frozen=True)
class VoiceQuality:
    """Six measures of each voiced frame, and their functionals.

    - `jitter`: mean difference of neighbouring periods over their mean;
    - `shimmer_db`: mean difference of the levels of neighbouring periods' peaks;
    - `hnr_db`: harmonics over noise, from the correlation of the wave with itself a period later;
    - `cpp_db`: prominence of the cepstrum's peak above the line through the cepstrum;
    - `h1_h2_db`, `h1_a3_db`: level of the first harmonic over that of the second, and over the
      highest peak between 2 and 3.5 kHz (where the third formant lies).

    Notes
    -----
    The pitch is that of `f0` with its defaults. Without voiced frames all columns are 0.
    Boersma, Proc. Institute of Phonetic Sciences Amsterdam 17 (1993), for the harmonics-to-noise
    ratio; Hillenbrand & Houde, J. Speech Hearing Research 39 (1996), for the cepstral peak.
    """

    unit: ClassVar[str] = "1, dB"
    citation: ClassVar[str] = CITATION

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`voice_quality_ELEMENT_FUNCTIONAL`."""
        return tuple(
            f"voice_quality_{element}_{functional}"
            for element in ELEMENTS
            for functional in functionals
        )

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns."""
        return (len(ELEMENTS) * len(functionals),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """The functionals of each element over the voiced frames, float32."""
        f0, is_voiced = F0().track(analysis)
        index = np.flatnonzero(is_voiced)
        frames = self.frames(analysis, f0[index], index)
        return _functionals.apply(frames, functionals, analysis.frame_s, index)

    def frames(self, analysis: Analysis, f0: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Measures of the frames `index` with pitch `f0`, float32, shape (6, n_voiced)."""
        out = np.empty((len(ELEMENTS), index.size), np.float32)
        padded = analysis.padded(FRAME)
        _glottis.periods(padded, FRAME, analysis.hop_length, index, SAMPLE_RATE / f0, out[:3])
        for first in range(0, index.size, CHUNK):
            part = slice(first, first + CHUNK)
            magnitude = analysis.magnitude[index[part]]
            hz_per_bin = SAMPLE_RATE / analysis.n_fft
            out[3, part] = _cepstral_peak_db(magnitude[:, : 1 + round(CEPSTRUM_HZ / hz_per_bin)])
            _glottis.harmonics(magnitude, f0[part] / hz_per_bin, 1 / hz_per_bin, out[4:, part])
        return out


def _cepstral_peak_db(magnitude: np.ndarray) -> np.ndarray:
    """Prominence of the highest point of each frame's cepstrum."""
    n = magnitude.shape[1]
    cepstra = np.fft.irfft(np.log(np.maximum(magnitude, np.float32(1e-7))), axis=1)
    first, last = (int(2 * CEPSTRUM_HZ * s) for s in (SHORTEST_S, LONGEST_S))
    last = min(last, n - 1)
    if last - first < 2:  # frames too short for a period
        return np.zeros(len(magnitude), np.float32)
    level = 20 * np.log10(np.maximum(np.abs(cepstra[:, first:last]), 1e-6))
    quefrency = np.linspace(-1, 1, last - first)
    slope = level @ quefrency / (quefrency @ quefrency)
    rows, peak = np.arange(len(level)), level.argmax(axis=1)
    return level[rows, peak] - level.mean(axis=1) - slope * quefrency[peak]
