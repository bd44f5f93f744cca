"""How the voice moves: the contour of its pitch in semitones, and how voicing comes and goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.compiled import compiled
from emodist.features._analysis import Analysis
from emodist.features._contour import bend, mean_std, percentile, runs, thirds, tilt
from emodist.features.f0 import F0

REFERENCE_HZ = 27.5  # A0, as in eGeMAPS
# A step of more semitones than this from one frame to the next is an error of an octave, not a
# voice.
LARGEST_STEP = 4.0
LEAST_VOICED = 3  # frames; fewer have no contour

PITCH = (
    *("pitch_mean", "pitch_std", "pitch_p10", "pitch_p25", "pitch_p50", "pitch_p75", "pitch_p90"),
    "pitch_range",
    *("pitch_third_1", "pitch_third_2", "pitch_third_3", "pitch_tilt", "pitch_bend"),
    *("pitch_step_std", "pitch_step_abs", "pitch_rise", "pitch_fall"),
    *("pitch_peak_position", "pitch_peak", "pitch_valley"),
)
RHYTHM = (
    *("voiced_per_s", "voiced_s_mean", "voiced_s_std"),
    *("unvoiced_s_mean", "unvoiced_s_std"),
)


@dataclass(frozen=True)
class Prosody:
    """Contour of the pitch over the voiced frames, and lengths of voiced and unvoiced stretches.

    Semitones are those above 27.5 Hz for `pitch_mean` and the percentiles; `range` (from the 5th
    to the 95th percentile) and what follows it do not depend on how high the voice is: thirds of
    the voiced frames, peak and valley are relative to the median; tilt and bend are the first
    two terms of a polynomial through the contour; `rise` and `fall` are mean rates, semitones per
    second, over neighbouring voiced frames; the peak's position is a share of the segment.

    Notes
    -----
    The pitch is that of `f0` with its defaults. Fewer than three voiced frames have no contour:
    its columns are 0. Functionals do not apply.
    """

    unit: ClassVar[str] = "semitones, s, 1/s"
    citation: ClassVar[str] = F0.citation

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`prosody_pitch_*`, then `prosody_voiced_*` and `prosody_unvoiced_*`."""
        return tuple(f"prosody_{name}" for name in PITCH + RHYTHM)

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns, whatever the functionals."""
        return (len(PITCH + RHYTHM),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 numbers in the order of `labels`."""
        f0, is_voiced = F0().track(analysis)
        out = np.zeros(len(PITCH + RHYTHM))
        index = np.flatnonzero(is_voiced)
        if index.size >= LEAST_VOICED:
            semitones = 12 * np.log2(f0[index] / REFERENCE_HZ)
            _pitch(semitones, index, f0.size, analysis.frame_s, out)
        _rhythm(is_voiced, analysis.frame_s, out[len(PITCH) :])
        return out.astype(np.float32)


@compiled()
def _pitch(semitones, index, n_frames, frame_s, out):
    ordered = np.sort(semitones)
    median = percentile(ordered, 0.5)
    relative = semitones - median
    out[0], out[1] = semitones.mean(), semitones.std()
    out[2], out[3] = percentile(ordered, 0.1), percentile(ordered, 0.25)
    out[4], out[5] = median, percentile(ordered, 0.75)
    out[6] = percentile(ordered, 0.9)
    out[7] = percentile(ordered, 0.95) - percentile(ordered, 0.05)
    out[8:11] = thirds(relative)
    out[11], out[12] = tilt(relative), bend(relative)
    steps = np.empty(semitones.size - 1)
    n = 0
    for i in range(semitones.size - 1):
        step = semitones[i + 1] - semitones[i]
        if index[i + 1] == index[i] + 1 and abs(step) < LARGEST_STEP:
            steps[n] = step
            n += 1
    steps = steps[:n]
    _, out[13] = mean_std(steps)
    out[14], _ = mean_std(np.abs(steps))
    rise, _ = mean_std(steps[steps > 0])
    fall, _ = mean_std(steps[steps < 0])
    out[15], out[16] = rise / frame_s, fall / frame_s
    peak = np.argmax(relative)
    out[17], out[18], out[19] = index[peak] / n_frames, relative[peak], relative.min()


@compiled()
def _rhythm(is_voiced, frame_s, out):
    voiced, unvoiced = runs(is_voiced, True) * frame_s, runs(is_voiced, False) * frame_s
    out[0] = voiced.size / (is_voiced.size * frame_s)
    out[1], out[2] = mean_std(voiced)
    out[3], out[4] = mean_std(unvoiced)
