"""Pitch of each frame by YIN.

References
----------
de Cheveigne & Kawahara, "YIN, a fundamental frequency estimator for speech and music", JASA 111
(2002), in the form of `librosa.yin`, whose frames it reproduces.
"""

import numpy as np

from emodist.compiled import REASSOCIATE, compiled

CHUNK = 256  # frames whose difference functions are held at once: bounds memory for long audio
TINY = float(np.finfo(np.float32).tiny)


def yin(padded, frame_length, hop_length, sample_rate, fmin_hz, fmax_hz, trough_threshold):
    """Frequency, depth of the trough, and energy of each frame.

    Parameters
    ----------
    padded : float32 array, shape (n_samples + frame_length,)

    Returns
    -------
    f0 : float64 array, shape (n_frames,), Hz
        The first trough below the threshold, or else the lowest point; `librosa.yin`.
    depth : float64 array, shape (n_frames,)
        The normalized difference there: 0 for a perfectly periodic frame, about 1 for noise.
    energy : float64 array, shape (n_frames,)
        Sum of squares.
    """
    n_frames = 1 + (padded.size - frame_length) // hop_length
    f0, depth, energy = np.empty((3, n_frames))
    min_period = int(sample_rate // fmax_hz)
    for part, difference in differences(
        padded, frame_length, hop_length, sample_rate, fmin_hz, min_period, energy
    ):
        _first_troughs(difference, trough_threshold, min_period, sample_rate, f0[part], depth[part])
    return f0, depth, energy


def differences(padded, frame_length, hop_length, sample_rate, fmin_hz, min_period, energy):
    """Normalized differences, a chunk of frames at a time; fills in the energies as well."""
    max_period = min(int(np.ceil(sample_rate / fmin_hz)), frame_length - 1)
    # Frames share the products of the blocks they are made of, where the blocks tile them.
    is_tiled = frame_length % hop_length == 0 and hop_length > max_period + 4
    block = hop_length if is_tiled else frame_length
    n_blocks = frame_length // block
    samples = np.zeros(padded.size + frame_length + max_period, np.float64)
    samples[: padded.size] = padded
    for first in range(0, energy.size, CHUNK):
        n = min(CHUNK, energy.size - first)
        acf = np.zeros((n, max_period + 1))
        _autocorrelate(samples[first * hop_length :], block, n_blocks, hop_length, acf)
        energy[first : first + n] = acf[:, 0]
        difference = np.empty((n, max_period - min_period + 1))
        _normalize(samples[first * hop_length :], acf, hop_length, min_period, difference)
        yield slice(first, first + n), difference


@compiled(REASSOCIATE)
def _dot_four_lags(x, y, n, out):
    """out[i] = sum of x[j] * y[j + i] over j < n, for four lags i that share the loads."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for j in range(n):
        s0 += x[j] * y[j]
        s1 += x[j] * y[j + 1]
        s2 += x[j] * y[j + 2]
        s3 += x[j] * y[j + 3]
    out[0], out[1], out[2], out[3] = s0, s1, s2, s3


@compiled()
def _autocorrelate(samples, block, n_blocks, hop_length, acf):
    """Autocorrelation of each frame, which consists of `n_blocks` blocks.

    Products reach from a block into the next one, except in the last block of a frame. So each
    block is multiplied once, and the sum split into `within` its end and `beyond` it.
    """
    n_frames, n_lags = acf.shape
    within = np.zeros(n_lags + 3)
    beyond = np.zeros(n_lags + 3)
    for b in range(n_frames + n_blocks - 1):
        x = samples[b * hop_length :]
        for lag in range(0, n_lags, 4):
            edge = block - lag  # from here on x[j + lag] lies beyond the block
            inside = max(0, edge - 3)
            _dot_four_lags(x, x[lag:], inside, within[lag:])
            if n_blocks > 1:
                _dot_four_lags(x[edge:], x[block:], lag, beyond[lag:])
            for j in range(inside, edge):
                for i in range(4):
                    product = x[j] * x[j + lag + i]
                    if j + i < edge:
                        within[lag + i] += product
                    else:
                        beyond[lag + i] += product
        last = b - n_blocks + 1  # the frame that ends with this block
        if last >= 0:
            for lag in range(n_lags):
                acf[last, lag] += within[lag]
        for frame in range(max(0, last + 1), min(b + 1, n_frames)):
            for lag in range(n_lags):
                acf[frame, lag] += within[lag] + beyond[lag]


@compiled()
def _normalize(samples, acf, hop_length, min_period, difference):
    """YIN's cumulative mean normalized difference, equation 8, from the autocorrelation."""
    n_frames, n_lags = acf.shape
    for row in range(n_frames):
        start = row * hop_length
        head, total = 0.0, 0.0
        for lag in range(1, n_lags):
            head += samples[start + lag - 1] ** 2
            d = 2 * (acf[row, 0] - acf[row, lag])
            if lag > 1:  # librosa leaves it out at lag 1, and the running mean remembers
                d -= head
            total += d
            if lag >= min_period:
                difference[row, lag - min_period] = d / (total / lag + TINY)


@compiled()
def is_trough(d, i):
    if i == 0:
        return d[0] < d[1]
    if i == d.size - 1:
        return d[i] < d[i - 1]
    return d[i] < d[i - 1] and d[i] <= d[i + 1]


@compiled()
def shift(d, i):
    """Offset of a parabola's lowest point from bin i; 0 at the ends or where it is far."""
    if i == 0 or i == d.size - 1:
        return 0.0
    a = d[i + 1] + d[i - 1] - 2 * d[i]
    b = (d[i + 1] - d[i - 1]) / 2
    return -b / a if abs(b) < abs(a) else 0.0


@compiled()
def _first_troughs(difference, threshold, min_period, sample_rate, f0, depth):
    for row in range(difference.shape[0]):
        d = difference[row]
        chosen = -1
        for i in range(d.size):
            if d[i] < threshold and is_trough(d, i):
                chosen = i
                break
        if chosen < 0:
            chosen = int(np.argmin(d))
        f0[row] = sample_rate / (min_period + chosen + shift(d, chosen))
        depth[row] = d[chosen]
