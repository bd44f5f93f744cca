"""The short-time analysis of one waveform that all features share.

Everything is computed once, when a feature first asks for it. Frames are librosa's: centred, the
ends padded with zeros, a periodic Hann window, `1 + n_samples // hop_length` frames.
"""

from functools import cached_property

import numpy as np

from emodist.errors import AudioError, ConfigError
from emodist.features import _fft, _filters, _kernels, _yin
from emodist.features._settings import check_int

SAMPLE_RATE = 16_000  # Hz
# Short frames, 32 ms every 16 ms whatever n_fft is: syllables and voicing change faster than the
# 128 ms of librosa's frame can show.
SHORT_FFT = 512  # samples
SHORT_HOP = 256  # samples
SHORT_S = SHORT_HOP / SAMPLE_RATE
N_SHORT_MELS = 26
# Nominal full scale is 1. Far above it (and above 16-bit integers taken for floats) powers would
# leave the range of float32 and features would stop being finite.
MAX_PEAK = 1e6
_TUNINGS = np.linspace(-0.5, 0.5, 101)


class Analysis:
    """Spectrogram, mel powers and their kin of one waveform, each computed once.

    Parameters
    ----------
    waveform : float array, shape (n_samples,)
        Mono, 16 kHz, nominally within [-1, 1].
    n_fft : even int, samples
        Length of a frame.
    hop_length : int, samples
        From one frame to the next.

    Raises
    ------
    AudioError
        If the waveform is not mono, not of floats, empty, not finite, or beyond +-1e6.
    ConfigError
        If n_fft or hop_length is not usable.

    Examples
    --------
    >>> Analysis(np.zeros(16000, np.float32)).magnitude.shape
    (32, 1025)
    """

    def __init__(self, waveform: np.ndarray, n_fft: int = 2048, hop_length: int = 512):
        check_int("n_fft", n_fft, 16)
        if n_fft % 2:
            raise ConfigError(f"n_fft must be even; got {n_fft}")
        check_int("hop_length", hop_length, 1)
        self.waveform = _checked(waveform)
        self.n_fft = int(n_fft)
        self.hop_length = int(hop_length)
        self.n_frames = 1 + self.waveform.size // self.hop_length
        self.frame_s = self.hop_length / SAMPLE_RATE
        self._padded: dict[int, np.ndarray] = {}
        self._mel_powers: dict[tuple, np.ndarray] = {}
        self._log_mels: dict[tuple, np.ndarray] = {}
        self._yins: dict[tuple, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    @cached_property
    def magnitude(self) -> np.ndarray:
        """Magnitude spectrogram, float32, shape (n_frames, n_fft // 2 + 1).

        librosa's chain, step by step: a float64 FFT, stored as complex64, numpy's absolute value.
        A float32 FFT changes spectral contrast and the tuning; even another absolute value,
        right to the last bit, tips the tuning estimate of 3 clips in 100.
        """
        transform, narrow = _fft.exact(self.n_fft)
        window, padded = _filters.hann(self.n_fft), self.padded(self.n_fft)
        magnitude = np.empty((self.n_frames, self.n_fft // 2 + 1), np.float32)
        for first in range(0, self.n_frames, _fft.BLOCK):
            rows = magnitude[first : first + _fft.BLOCK]
            _kernels.fill_windowed(padded, window, first, self.hop_length, transform.input_array)
            transform.execute()
            narrow[:] = transform.output_array
            np.abs(narrow[: len(rows)], out=rows)
        return magnitude

    @cached_property
    def moments(self) -> np.ndarray:
        """Magnitude, mean bin and variance over bins of each frame, float64, shape (3, n_frames).

        A frame without energy has mean and variance 0.
        """
        total, first, second = sums = np.empty((3, self.n_frames))
        _kernels.moments(self.magnitude, sums)
        # Below the smallest normal float32 librosa does not normalize either.
        is_silent = total < _kernels.TINY
        divisor = np.where(is_silent, 1.0, total)
        mean = np.where(is_silent, 0.0, first / divisor)
        variance = np.where(is_silent, 0.0, second / divisor - mean * mean)
        return np.stack([total, mean, np.maximum(variance, 0.0)])

    @cached_property
    def tuning(self) -> float:
        """Deviation from A440 in fractions of a semitone: `librosa.estimate_tuning` of the power.

        The fullest of 100 bins of the pitches of those spectral peaks, between 150 and 4000 Hz,
        that are not below the median peak. 0 where there is no peak.
        """
        hz = _filters.bin_frequencies_hz(SAMPLE_RATE, self.n_fft)
        low, high = np.searchsorted(hz, [150.0, 4000.0])
        high = min(int(high), hz.size - 1)
        parts = []
        for first in range(0, self.n_frames, 512):
            frames = self.magnitude[first : first + 512]
            peaks = np.empty((2, len(frames) * (1 + max(0, high - int(low)) // 2)), np.float32)
            n = _kernels.spectral_peaks(
                frames, int(low), high, SAMPLE_RATE / self.n_fft, peaks[0], peaks[1]
            )
            parts.append(peaks[:, :n])
        pitches, heights = np.concatenate(parts, axis=1)
        if pitches.size == 0:
            return 0.0
        ordered = np.sort(heights)
        median = (ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2
        residual = np.mod(12 * np.log2(pitches[heights >= median] / 27.5), 1.0)
        residual[residual >= 0.5] -= 1.0
        # numpy.histogram, less its overhead; each bin holds its lower edge.
        below = np.searchsorted(np.sort(residual).astype(np.float64), _TUNINGS)
        below[-1] = residual.size
        return float(_TUNINGS[np.argmax(np.diff(below))])

    @cached_property
    def short_power(self) -> np.ndarray:
        """Power of the short frames, float32, shape (1 + n_samples // 256, 257)."""
        n_frames = 1 + self.waveform.size // SHORT_HOP
        transform = _fft.single(SHORT_FFT)
        window, padded = _filters.hann(SHORT_FFT).astype(np.float32), self.padded(SHORT_FFT)
        power = np.empty((n_frames, SHORT_FFT // 2 + 1), np.float32)
        for first in range(0, n_frames, _fft.BLOCK):
            rows = power[first : first + _fft.BLOCK]
            _kernels.fill_windowed(padded, window, first, SHORT_HOP, transform.input_array)
            transform.execute()
            _kernels.squared_magnitude(transform.output_array, rows)
        return power

    @cached_property
    def short_mel_power(self) -> np.ndarray:
        """Mel power of the short frames, float32, shape (n_short_frames, 26)."""
        filters = _filters.mel(SAMPLE_RATE, SHORT_FFT, N_SHORT_MELS, 0.0, SAMPLE_RATE / 2)
        out = np.empty((len(self.short_power), N_SHORT_MELS), np.float32)
        _kernels.filter_power(self.short_power, *filters, out)
        return out

    @cached_property
    def short_mel_db(self) -> np.ndarray:
        """`short_mel_power` in dB re 1, never below -80 nor 60 below the loudest value."""
        db = np.log(np.maximum(self.short_mel_power, np.float32(1e-8)))
        db *= np.float32(10 / np.log(10))
        return np.maximum(db, db.max() - np.float32(60.0))

    def yin(
        self, frame_length: int, fmin_hz: float, fmax_hz: float, trough_threshold: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pitch, depth of the trough and energy of each frame: see `_yin.yin`."""
        key = (frame_length, fmin_hz, fmax_hz, trough_threshold)
        if key not in self._yins:
            padded = self.padded(frame_length)
            search = (SAMPLE_RATE, fmin_hz, fmax_hz, trough_threshold)
            self._yins[key] = _yin.yin(padded, frame_length, self.hop_length, *search)
        return self._yins[key]

    def padded(self, frame_length: int) -> np.ndarray:
        """The waveform between `frame_length // 2` zeros on either side, float32."""
        if frame_length not in self._padded:
            padded = np.zeros(self.waveform.size + 2 * (frame_length // 2), np.float32)
            padded[frame_length // 2 : frame_length // 2 + self.waveform.size] = self.waveform
            self._padded[frame_length] = padded
        return self._padded[frame_length]

    def mel_power(self, n_mels: int, fmin_hz: float, fmax_hz: float) -> np.ndarray:
        """Mel power spectrogram, float32, shape (n_frames, n_mels)."""
        key = (n_mels, fmin_hz, fmax_hz)
        if key not in self._mel_powers:
            filters = _filters.mel(SAMPLE_RATE, self.n_fft, *key)
            out = np.empty((self.n_frames, n_mels), np.float32)
            _kernels.mel_power(self.magnitude, *filters, out)
            self._mel_powers[key] = out
        return self._mel_powers[key]

    def log_mel(
        self, n_mels: int, fmin_hz: float, fmax_hz: float, top_db: float | None
    ) -> np.ndarray:
        """Mel power in dB re 1, float32, shape (n_frames, n_mels).

        Never below -100, nor more than `top_db` below the loudest value.
        """
        key = (n_mels, fmin_hz, fmax_hz, top_db)
        if key not in self._log_mels:
            power = self.mel_power(n_mels, fmin_hz, fmax_hz)
            # numpy's log has vector code on more machines than its log10.
            db = np.log(np.maximum(power, _kernels.AMIN))
            db *= np.float32(10 / np.log(10))
            if top_db is not None:
                np.maximum(db, db.max() - np.float32(top_db), out=db)
            self._log_mels[key] = db
        return self._log_mels[key]


def _checked(waveform: np.ndarray) -> np.ndarray:
    """The waveform as contiguous float32."""
    waveform = np.asarray(waveform)
    if waveform.ndim != 1:
        raise AudioError(f"features need mono audio, shape (n_samples,); got {waveform.shape}")
    if not np.issubdtype(waveform.dtype, np.floating):
        raise AudioError(
            f"features need float samples, nominally within [-1, 1]; got {waveform.dtype}"
        )
    if waveform.size == 0:
        raise AudioError("features need at least one sample; got none")
    low, high = float(waveform.min()), float(waveform.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.argmin(np.isfinite(waveform)))
        raise AudioError(f"features need finite samples; sample {bad} is {waveform[bad]}")
    if max(-low, high) > MAX_PEAK:
        raise AudioError(
            f"features need samples nominally within [-1, 1]; got a peak of {max(-low, high):g}"
        )
    return np.ascontiguousarray(waveform, dtype=np.float32)
