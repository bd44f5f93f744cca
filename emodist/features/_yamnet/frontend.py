"""YAMNet's front end without TensorFlow: waveform to log-mel patches, 16 kHz mono.

Frames of 25 ms every 10 ms, 64 mel bands, patches of 0.96 s every 0.48 s. A waveform is padded
with zeros to a whole number of patches, so the log-mel of `n` patches has `48 * (n + 1)` frames,
and the patches are a view of it: overlapping patches share their frames.

Source: `features.py` and `params.py` of YAMNet in the TensorFlow Model Garden
(research/audioset/yamnet); Hershey et al., "CNN architectures for large-scale audio
classification", ICASSP 2017.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from emodist.errors import AudioError

SAMPLE_RATE = 16_000
N_MELS = 64
PATCH_FRAMES = 96
PATCH_HOP_FRAMES = 48

_WINDOW = 400
_HOP = 160
_N_FFT = 512
_F_MIN_HZ, _F_MAX_HZ = 125.0, 7500.0
_LOG_OFFSET = np.float32(0.001)
_PATCH_HOP = PATCH_HOP_FRAMES * _HOP
_FIRST_PATCH = (PATCH_FRAMES - 1) * _HOP + _WINDOW
# A block of spectra stays in the second-level cache.
_BLOCK_FRAMES = 192


def n_patches(n_samples: int) -> int:
    """How many patches a waveform of so many samples has; at least one.

    Examples
    --------
    >>> [n_patches(n) for n in (0, 15_600, 15_601, 48_000)]
    [1, 1, 2, 6]
    """
    return 1 + -(-max(0, n_samples - _FIRST_PATCH) // _PATCH_HOP)


def log_mel(waveform: np.ndarray) -> np.ndarray:
    """Logarithmic mel magnitudes of a zero-padded waveform.

    Parameters
    ----------
    waveform : float array, shape (n_samples,)
        16 kHz mono, nominally within [-1, 1]. It may be empty.

    Returns
    -------
    float32 array, shape (48 * (n_patches + 1), 64)
        Natural logarithm of magnitude plus 0.001: never below -6.91.

    Raises
    ------
    AudioError
        If the waveform is not mono, or not of floats.

    Notes
    -----
    Single precision, as in the model: its log-mel differs by less than 1e-4.
    """
    waveform = _checked(waveform)
    out = np.empty((PATCH_HOP_FRAMES * (n_patches(len(waveform)) + 1), N_MELS), np.float32)
    _fill(waveform, 0, out)
    return out


def patches(waveform: np.ndarray) -> np.ndarray:
    """The inputs of YAMNet's network for one waveform.

    Parameters
    ----------
    waveform : float array, shape (n_samples,)
        As for `log_mel`.

    Returns
    -------
    float32 array, shape (n_patches, 96, 64)
        A read-only view of the log-mel: half the memory of a copy.

    Examples
    --------
    >>> patches(np.zeros(16_000, np.float32)).shape
    (2, 96, 64)
    """
    return patches_of(log_mel(waveform))


def patches_of(log_mel: np.ndarray) -> np.ndarray:
    """Patches of a log-mel that `log_mel` returned, as a read-only view."""
    frames = np.lib.stride_tricks.sliding_window_view(log_mel, PATCH_FRAMES, axis=0)
    return frames[::PATCH_HOP_FRAMES].swapaxes(1, 2)


def patch_blocks(waveform: np.ndarray, block: int = 256) -> Iterator[np.ndarray]:
    """The patches of a waveform of any length, a block at a time.

    Yields
    ------
    float32 array, shape (at most `block`, 96, 64)
        Together equal to `patches(waveform)`; 256 patches take 3 MB.
    """
    waveform = _checked(waveform)
    n_all = n_patches(len(waveform))
    for first in range(0, n_all, block):
        n_here = min(block, n_all - first)
        out = np.empty((PATCH_HOP_FRAMES * (n_here + 1), N_MELS), np.float32)
        _fill(waveform, first * PATCH_HOP_FRAMES, out)
        yield patches_of(out)


def _checked(waveform: np.ndarray) -> np.ndarray:
    waveform = np.asarray(waveform)
    if waveform.ndim != 1:
        raise AudioError(f"yamnet needs mono audio, shape (n_samples,); got {waveform.shape}")
    if waveform.dtype.kind != "f":
        raise AudioError(f"yamnet needs float samples within [-1, 1]; got {waveform.dtype}")
    return waveform.astype(np.float32, copy=False)


def _fill(waveform: np.ndarray, first_frame: int, out: np.ndarray) -> None:
    """Write frames `first_frame`, ... into `out`; past the waveform's end there are zeros."""
    # Here, as where it is used below: this module is read for its names, and scipy takes 0.2 s.
    import scipy.fft

    window, bands, low, high = _filters()
    frame = np.zeros((min(_BLOCK_FRAMES, len(out)), _N_FFT), np.float32)
    n_whole = max(0, (len(waveform) - _WINDOW) // _HOP + 1)
    for begin in range(0, len(out), _BLOCK_FRAMES):
        end = min(begin + _BLOCK_FRAMES, len(out))
        start = (first_frame + begin) * _HOP
        stop = (first_frame + end - 1) * _HOP + _WINDOW
        samples = waveform[start:stop]
        if first_frame + end > n_whole:
            samples = np.pad(samples, (0, stop - start - len(samples)))
        view = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
        n = end - begin
        np.multiply(view, window, out=frame[:n, :_WINDOW])
        # Frequencies lie along the first axis: a sparse product with 64 sparse rows is cheaper
        # than a dense one, and unlike BLAS starts no threads.
        spectrum = scipy.fft.rfft(frame[:n].T, axis=0)
        mel = bands @ np.abs(spectrum[low:high])
        mel += _LOG_OFFSET
        out[begin:end] = np.log(mel, out=mel).T


@cache
def _filters() -> tuple[np.ndarray, Any, int, int]:
    """Periodic Hann window; triangles in HTK mel, the bins that they touch, without the rest."""
    import scipy.sparse

    # In single precision step by step, as TensorFlow does: beside a loud pure tone the window's
    # rounding is what stands in the other bands.
    angle = np.float32(2 * np.pi) * np.arange(_WINDOW, dtype=np.float32) / np.float32(_WINDOW)
    window = np.float32(0.5) - np.float32(0.5) * np.cos(angle)
    bins = _hz_to_mel(np.arange(_N_FFT // 2 + 1) * SAMPLE_RATE / _N_FFT)
    edges = np.linspace(_hz_to_mel(_F_MIN_HZ), _hz_to_mel(_F_MAX_HZ), N_MELS + 2)
    lower, center, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - lower) / (center - lower), (upper - bins) / (upper - center))
    triangles = np.maximum(triangles, 0).astype(np.float32)
    touched = np.flatnonzero(triangles.any(axis=0))
    low, high = int(touched[0]), int(touched[-1]) + 1
    return window, scipy.sparse.csr_array(triangles[:, low:high]), low, high


def _hz_to_mel(frequency_hz):
    return 1127.0 * np.log1p(np.asarray(frequency_hz) / 700.0)
