"""Loops over the periods and harmonics of voiced frames, compiled by numba."""

import numpy as np

from emodist.compiled import REASSOCIATE, compiled

SPAN = 1024  # samples, the middle of a frame: 64 ms hold four periods of the lowest voices
SEARCH = 0.2  # the next pulse lies within this share of a period around where it should be
LEAST_NOISE = 1e-5  # the ratio of harmonics to noise ends at 50 dB


@compiled()
def periods(padded, frame_length, hop_length, index, period, out):
    """Jitter, shimmer and harmonics-to-noise ratio of each frame; out has shape (3, n_frames)."""
    pulses = np.empty(SPAN, np.float64)
    heights = np.empty(SPAN, np.float64)
    for row in range(index.size):
        frame = padded[index[row] * hop_length : index[row] * hop_length + frame_length]
        start = (frame_length - SPAN) // 2
        n = _pulses(frame[start : start + SPAN], period[row], pulses, heights)
        out[0, row], out[1, row] = _irregularity(pulses[:n], heights[:n])
        out[2, row] = _harmonics_to_noise_db(frame, period[row])


@compiled()
def _pulses(x, period, pulses, heights):
    """Times and heights of the peaks, one a period, before and after the highest one."""
    top = 0
    for i in range(x.size):
        if abs(x[i]) > abs(x[top]):
            top = i
    sign = 1.0 if x[top] > 0 else -1.0
    # Backwards first, so that the pulses can be put into order by turning them round.
    n = 0
    at = top
    while True:
        low, high = int(at - (1 + SEARCH) * period), int(at - (1 - SEARCH) * period) + 1
        if low < 0:
            break
        at = low + _argmax(x[low:high], sign)
        pulses[n] = at
        n += 1
    pulses[:n] = pulses[:n][::-1].copy()
    pulses[n] = top
    n += 1
    at = top
    while True:
        low, high = int(at + (1 - SEARCH) * period), int(at + (1 + SEARCH) * period) + 1
        if high > x.size:
            break
        at = low + _argmax(x[low:high], sign)
        pulses[n] = at
        n += 1
    for i in range(n):
        k = int(pulses[i])
        heights[i] = sign * x[k]
        if 0 < k < x.size - 1:
            before, here, after = sign * x[k - 1], sign * x[k], sign * x[k + 1]
            curve = before - 2 * here + after
            if curve < 0 and here >= before and here >= after:
                shift = 0.5 * (before - after) / curve
                pulses[i] += shift
                heights[i] = here - 0.25 * (before - after) * shift
    return n


@compiled()
def _argmax(x, sign):
    best = 0
    for i in range(x.size):
        if sign * x[i] > sign * x[best]:
            best = i
    return best


@compiled()
def _irregularity(pulses, heights):
    """Mean change from period to period, relative; and of the peaks' levels, dB."""
    n = pulses.size
    if n < 3:
        return 0.0, 0.0
    change, shimmer = 0.0, 0.0
    for i in range(1, n - 1):
        change += abs((pulses[i + 1] - pulses[i]) - (pulses[i] - pulses[i - 1]))
    n_levels = 0
    for i in range(n - 1):
        if heights[i] > 0 and heights[i + 1] > 0:
            shimmer += abs(20 * np.log10(heights[i + 1] / heights[i]))
            n_levels += 1
    mean_period = (pulses[n - 1] - pulses[0]) / (n - 1)
    return change / (n - 2) / mean_period, shimmer / max(1, n_levels)


@compiled(REASSOCIATE)
def _correlation(x, y):
    xy, xx, yy = 0.0, 0.0, 0.0
    for i in range(x.size):
        xy += np.float64(x[i]) * y[i]
        xx += np.float64(x[i]) * x[i]
        yy += np.float64(y[i]) * y[i]
    return xy / np.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0


@compiled()
def _harmonics_to_noise_db(frame, period):
    """From the correlation of the middle of the frame with itself one period later."""
    lag = int(period + 0.5)
    start = max(1, (frame.size - SPAN - lag) // 2)
    n = min(SPAN, frame.size - start - lag - 1)
    x = frame[start : start + n]
    before = _correlation(x, frame[start + lag - 1 : start + lag - 1 + n])
    here = _correlation(x, frame[start + lag : start + lag + n])
    after = _correlation(x, frame[start + lag + 1 : start + lag + 1 + n])
    # The period is no whole number of samples: the parabola through three lags.
    best = max(before, here, after)
    curve = before - 2 * here + after
    if here == best and curve < 0:
        best = here - 0.125 * (before - after) ** 2 / curve
    best = min(max(best, LEAST_NOISE), 1 - LEAST_NOISE)
    return 10 * np.log10(best / (1 - best))


@compiled()
def harmonics(magnitude, f0_bins, bins_per_hz, out):
    """Level of the first harmonic over the second, and over the peak of 2 to 3.5 kHz, dB."""
    n_bins = magnitude.shape[1]
    low = min(int(2000 * bins_per_hz), n_bins - 1)
    high = min(int(3500 * bins_per_hz) + 1, n_bins)
    for row in range(magnitude.shape[0]):
        first = _peak(magnitude[row], f0_bins[row], f0_bins[row])
        second = _peak(magnitude[row], 2 * f0_bins[row], f0_bins[row])
        third = max(magnitude[row, low:high].max(), np.float32(1e-7))
        out[0, row] = 20 * np.log10(first / second)
        out[1, row] = 20 * np.log10(first / third)


@compiled()
def _peak(frame, at, spacing):
    """Highest magnitude within a quarter of the harmonics' spacing; above 0."""
    low = min(max(0, int(at - 0.25 * spacing)), frame.size - 1)
    high = min(frame.size, int(at + 0.25 * spacing) + 2)
    return max(frame[low:high].max(), np.float32(1e-7))
