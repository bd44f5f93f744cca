"""Pitch of each frame by probabilistic YIN.

References
----------
Mauch & Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold
distributions", ICASSP (2014), in the form of `librosa.pyin`, whose track it reproduces.
"""

from functools import lru_cache

import numpy as np

from emodist.compiled import compiled
from emodist.features._yin import differences, is_trough, shift

LOG_TINY = float(np.log(np.finfo(np.float64).tiny))
BINS_PER_SEMITONE = 10
MAX_OCTAVES_PER_S = 35.92
SWITCH_PROB = 0.01
NO_TROUGH_PROB = 0.01
N_THRESHOLDS = 100


def pyin(padded, frame_length, hop_length, sample_rate, fmin_hz, fmax_hz):
    """Frequency and voicing of each frame by the most likely path: `librosa.pyin`.

    Returns
    -------
    f0 : float64 array, shape (n_frames,), Hz
        A best guess where the frame is not voiced.
    is_voiced : bool array, shape (n_frames,)
    energy : float64 array, shape (n_frames,)
        Sum of squares.
    """
    n_frames = 1 + (padded.size - frame_length) // hop_length
    n_bins = int(np.floor(12 * BINS_PER_SEMITONE * np.log2(fmax_hz / fmin_hz))) + 1
    energy = np.empty(n_frames)
    log_voiced = np.empty((n_frames, n_bins))
    log_unvoiced = np.empty(n_frames)
    min_period = int(sample_rate // fmax_hz)
    weights = _threshold_weights()
    for part, difference in differences(
        padded, frame_length, hop_length, sample_rate, fmin_hz, min_period, energy
    ):
        _observe(
            difference,
            weights,
            min_period,
            sample_rate,
            fmin_hz,
            log_voiced[part],
            log_unvoiced[part],
        )
    semitones = round(MAX_OCTAVES_PER_S * 12 * hop_length / sample_rate)
    reach = (semitones * BINS_PER_SEMITONE) // 2
    states = _viterbi(log_voiced, log_unvoiced, reach)
    f0 = fmin_hz * 2 ** ((states % n_bins) / (12 * BINS_PER_SEMITONE))
    return f0, states < n_bins, energy


@lru_cache(maxsize=1)
def _threshold_weights():
    """pYIN's prior over thresholds 0.01, 0.02 ... 1: Beta(2, 18)."""
    x = np.linspace(0, 1, N_THRESHOLDS + 1)
    return np.diff(1 - (1 - x) ** 18 * (1 + 18 * x))


@compiled()
def _observe(difference, weights, min_period, sample_rate, fmin_hz, log_voiced, log_unvoiced):
    """Log probability of each pitch bin, and of each unvoiced state."""
    n_bins = log_voiced.shape[1]
    n_thresholds = weights.size
    observed = np.empty(n_bins)
    troughs = np.empty(difference.shape[1], np.int64)
    probs = np.empty(difference.shape[1])
    cumulative = np.empty(n_thresholds + 1)
    cumulative[0] = 0.0
    for i in range(n_thresholds):
        cumulative[i + 1] = cumulative[i] + weights[i]
    tiny = np.finfo(np.float64).tiny
    for row in range(difference.shape[0]):
        d = difference[row]
        n, lowest = 0, 0
        for i in range(d.size):
            if is_trough(d, i):
                troughs[n] = i
                probs[n] = 0.0
                if d[i] < d[troughs[lowest]]:
                    lowest = n
                n += 1
        # A threshold's weight is shared among the troughs below it, short periods first, by a
        # Boltzmann distribution of parameter 2.
        n_above = 0
        for i in range(n_thresholds if n else 0):
            threshold = (i + 1) / n_thresholds
            count = 0
            for j in range(n):
                count += d[troughs[j]] < threshold
            if count == 0:
                n_above = i + 1
                continue
            scale = weights[i] * (1 - np.exp(-2.0)) / (1 - np.exp(-2.0 * count))
            share = 1.0
            for j in range(n):
                if d[troughs[j]] < threshold:
                    probs[j] += scale * share
                    share *= np.exp(-2.0)
        if n:
            probs[lowest] += NO_TROUGH_PROB * cumulative[n_above]

        observed[:] = 0.0
        for j in range(n):
            if probs[j] > 0:
                f0 = sample_rate / (min_period + troughs[j] + shift(d, troughs[j]))
                place = np.rint(12 * BINS_PER_SEMITONE * np.log2(f0 / fmin_hz))
                bin_index = int(min(max(place, 0), n_bins))
                if bin_index < n_bins:
                    observed[bin_index] = probs[j]
        voiced = 0.0
        for i in range(n_bins):
            voiced += observed[i]
            log_voiced[row, i] = LOG_TINY if observed[i] == 0 else np.log(observed[i] + tiny)
        voiced = min(max(voiced, 0.0), 1.0)
        log_unvoiced[row] = np.log((1 - voiced) / n_bins + tiny)


@compiled()
def _viterbi(log_voiced, log_unvoiced, reach):
    """Most likely states: bin b voiced is b, unvoiced n_bins + b.

    From frame to frame the pitch moves by at most `reach` bins, with triangular weights, so only
    that band of the transition matrix is visited. Transitions outside it have probability "tiny"
    in librosa, not zero: one of them, from the best state of all, can win where a frame rules all
    others out.
    """
    n_frames, n_bins = log_voiced.shape
    log_stay, log_switch = np.log(1 - SWITCH_PROB), np.log(SWITCH_PROB)
    log_triangle = np.empty(2 * reach + 1)
    for offset in range(-reach, reach + 1):
        log_triangle[offset + reach] = np.log((reach + 1 - abs(offset)) / (reach + 1))
    log_total = np.empty(n_bins)
    for k in range(n_bins):
        total = 0.0
        for j in range(max(0, k - reach), min(n_bins, k + reach + 1)):
            total += np.exp(log_triangle[j - k + reach])
        log_total[k] = np.log(total)

    came_from = np.empty((n_frames, 2, n_bins), np.uint16)
    value = np.full((2, n_bins), -np.log(2 * n_bins))
    for i in range(n_bins):
        value[0, i] += log_voiced[0, i]
        value[1, i] += log_unvoiced[0]
    # Bins beyond either end can never be the best.
    source = np.full((2, n_bins + 2 * reach), -np.inf)
    best = np.empty((2, n_bins))
    # Positions are floats so that both selections run in the same vector lanes.
    where = np.empty((2, n_bins))
    for t in range(1, n_frames):
        for v in range(2):
            for k in range(n_bins):
                source[v, reach + k] = value[v, k] - log_total[k]
            best_v, where_v = best[v], where[v]
            best_v[:] = -np.inf
            for o in range(2 * reach + 1):
                shifted = source[v, o : o + n_bins]
                gain = log_triangle[o]
                position = np.float64(o)
                for j in range(n_bins):
                    candidate = shifted[j] + gain
                    is_better = candidate > best_v[j]
                    best_v[j] = candidate if is_better else best_v[j]
                    where_v[j] = position if is_better else where_v[j]
        far_v = 0 if value[0].max() >= value[1].max() else 1
        far_k = np.argmax(value[far_v])
        far = value[far_v, far_k] + LOG_TINY
        far_state = far_v * n_bins + far_k
        for u in range(2):
            from_voiced = log_stay if u == 0 else log_switch
            from_unvoiced = log_switch if u == 0 else log_stay
            for j in range(n_bins):
                a, b = best[0, j] + from_voiced, best[1, j] + from_unvoiced
                if a >= b:
                    state, score = int(where[0, j]) + j - reach, a
                else:
                    state, score = n_bins + int(where[1, j]) + j - reach, b
                if far > score:
                    state, score = far_state, far
                came_from[t, u, j] = state
                value[u, j] = score + (log_voiced[t, j] if u == 0 else log_unvoiced[t])
    states = np.empty(n_frames, np.int64)
    v = 0 if value[0].max() >= value[1].max() else 1
    states[-1] = v * n_bins + np.argmax(value[v])
    for t in range(n_frames - 2, -1, -1):
        following = states[t + 1]
        states[t] = came_from[t + 1, following // n_bins, following % n_bins]
    return states
