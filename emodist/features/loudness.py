"""How loud the voice is to the ear, and how that moves: level, stress, speed of syllables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.compiled import REASSOCIATE, compiled
from emodist.features._analysis import SHORT_S, Analysis
from emodist.features._citations import GEMAPS
from emodist.features._contour import bend, mean_std, percentile, thirds, tilt

EXPONENT = np.float32(0.23)  # from power to loudness; Zwicker's, as in eGeMAPS
FLOOR = np.float32(1e-12)  # power
# Syllables come at 3 to 8 a second; faster ripples of the contour are smoothed away.
SMOOTHING = np.array([0.25, 0.5, 1.0, 0.5, 0.25]) / 2.5
# What rises less than this share of the loudest passages (90th percentile) is no syllable.
LEAST_PEAK = 0.5
QUIET = 0.3

NAMES = (
    *("mean", "std", "p20", "p50", "p80", "p95", "variation", "peaks_per_s"),
    *("third_1", "third_2", "third_3", "tilt", "bend"),
    *("rise_mean", "rise_std", "fall_mean", "fall_std", "quiet_fraction"),
)


@dataclass(frozen=True)
class Loudness:
    """Auditory loudness: mean over 26 mel bands of power to the 0.23, 62.5 frames a second.

    `mean` to `p95` are absolute: a quiet voice stays quieter than a loud one. `variation` is std
    over mean; thirds, tilt and bend are of the contour over its mean; `rise` and `fall` are the
    rates of its rising and falling frames, per second, absolute. `peaks_per_s` counts
    its peaks above half of the loudest passages, which come about as often as syllables;
    `quiet_fraction` is the share of frames below 0.3 of them.

    Notes
    -----
    After Eyben et al., "The Geneva minimalistic acoustic parameter set", IEEE Trans. Affective
    Computing 7 (2016). Functionals do not apply.
    """

    unit: ClassVar[str] = "1, 1/s"
    citation: ClassVar[str] = GEMAPS

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`loudness_*`."""
        return tuple(f"loudness_{name}" for name in NAMES)

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns, whatever the functionals."""
        return (len(NAMES),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 numbers in the order of `labels`."""
        out = np.zeros(len(NAMES))
        contour = np.empty(len(analysis.short_mel_power))
        _contour_of(analysis.short_mel_power, contour)
        _numbers(contour, out)
        return out.astype(np.float32)


@compiled(REASSOCIATE)
def _contour_of(power, out):
    for t in range(power.shape[0]):
        total = np.float32(0)
        for band in range(power.shape[1]):
            # The floor keeps silence above zero, which ratios need.
            total += np.exp(EXPONENT * np.log(max(power[t, band], FLOOR)))
        out[t] = total / power.shape[1]


@compiled()
def _numbers(contour, out):
    ordered = np.sort(contour)
    loud = percentile(ordered, 0.9)
    mean = contour.mean()
    out[0], out[1] = mean, contour.std()
    out[2], out[3] = percentile(ordered, 0.2), percentile(ordered, 0.5)
    out[4], out[5] = percentile(ordered, 0.8), percentile(ordered, 0.95)
    out[6] = out[1] / mean
    out[7] = _peaks(contour, LEAST_PEAK * loud) / (contour.size * SHORT_S)
    relative = contour / mean
    out[8:11] = thirds(relative)
    out[11], out[12] = tilt(relative), bend(relative)
    steps = np.diff(contour) / SHORT_S
    out[13], out[14] = mean_std(steps[steps > 0])
    out[15], out[16] = mean_std(steps[steps < 0])
    out[17] = np.mean(contour < QUIET * loud)


@compiled()
def _peaks(contour, least):
    """How many peaks the smoothed contour has above `least`."""
    n, half = contour.size, SMOOTHING.size // 2
    smooth = np.zeros(n)
    for t in range(n):
        for i in range(SMOOTHING.size):
            at = t + i - half
            if 0 <= at < n:
                smooth[t] += SMOOTHING[i] * contour[at]
    n_peaks = 0
    for t in range(1, n - 1):
        if smooth[t] > least and smooth[t] > smooth[t - 1] and smooth[t] >= smooth[t + 1]:
            n_peaks += 1
    return n_peaks
