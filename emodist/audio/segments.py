"""Recordings cut into segments, and how much of a segment is speech.

Times are seconds from the start of the recording; samples are those of the recording, unchanged.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emodist.audio.source import SAMPLE_RATE
from emodist.errors import AudioError, ConfigError

AUTO_SEGMENT_S = 4.0

# librosa.effects.trim's defaults, and the floor that its decibels stand on.
_TRIM_FRAME, _TRIM_HOP = 2048, 512
_TRIM_FLOOR = 1e-10

_SPEECH_FRAME = 400  # 25 ms


@dataclass(frozen=True)
class Segment:
    """A piece of a recording.

    Attributes
    ----------
    index : int
        Counts from 0 within the recording.
    start_s, end_s : float, seconds
    waveform : float32 array, shape (n_samples,)
        May share memory with its neighbours: copy it before changing it.
    speech_fraction : float in [0, 1], or None
        Share of its time that is speech, where that was told from the recording around it too.
    """

    index: int
    start_s: float
    end_s: float
    waveform: NDArray[np.float32]
    speech_fraction: float | None = None


@dataclass(frozen=True)
class Segmentation:
    """How recordings are cut.

    Parameters
    ----------
    segment_s : float in seconds, "auto", or None
        A number: windows of that length, the first one at 0. None: the whole recording is one
        segment. "auto": recordings of up to `whole_up_to_s` are one segment, longer ones are cut
        into windows of 4 s.
    hop_s : float, seconds, optional
        From one window's start to the next; the default is the window's length.
    trim_db : float, decibels, optional
        Silence at both ends of a whole segment is cut off where its level is that far below the
        loudest frame, as by `librosa.effects.trim`; None keeps it. Windows are never trimmed.
    whole_up_to_s : float, seconds
    min_duration_s : float, seconds
        A recording shorter than this is refused.
    min_last_s : float, seconds
        A last window that the recording's end cuts short is dropped below this, unless it is the
        only one.

    Raises
    ------
    ConfigError
        If a setting has the wrong type or is out of range.
    """

    segment_s: float | Literal["auto"] | None = "auto"
    hop_s: float | None = None
    trim_db: float | None = 30.0
    whole_up_to_s: float = 15.0
    min_duration_s: float = 0.1
    min_last_s: float = 0.5

    def __post_init__(self):
        if isinstance(self.segment_s, str):
            if self.segment_s != "auto":
                raise ConfigError(
                    f"segment_s is seconds, 'auto' or null (whole recordings); "
                    f"got {self.segment_s!r}"
                )
        elif self.segment_s is not None:
            _check_number("segment_s", self.segment_s, 0.01)
        if self.hop_s is not None:
            _check_number("hop_s", self.hop_s, 0.01)
            if self.segment_s is None:
                raise ConfigError("hop_s needs segment_s: a whole recording has no next window")
        if self.trim_db is not None:
            _check_number("trim_db", self.trim_db)
        _check_number("whole_up_to_s", self.whole_up_to_s)
        _check_number("min_duration_s", self.min_duration_s)
        _check_number("min_last_s", self.min_last_s, 0)

    def cut(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Segment]:
        """Segments of one recording, as soon as their samples are there.

        Parameters
        ----------
        blocks : iterable of float32 arrays, shape (n_samples,)
            Consecutive, of any sizes, mono at 16 kHz. Windows need memory for one window and
            one block (and one hop, where that is longer); a whole segment is held whole.

        Raises
        ------
        AudioError
            If the recording is shorter than `min_duration_s`.

        Examples
        --------
        >>> second = np.full(16_000, 0.1, np.float32)
        >>> cut = Segmentation(segment_s=2, hop_s=1).cut([second] * 3)
        >>> [(segment.index, segment.start_s, segment.end_s) for segment in cut]
        [(0, 0.0, 2.0), (1, 1.0, 3.0)]
        """
        stream = iter(blocks)
        held: list[NDArray[np.float32]] = []
        n_held = 0
        # A short recording is looked at as a whole; a long one only as far as need be.
        enough = self.min_duration_s * SAMPLE_RATE
        if self.segment_s is None:
            enough = math.inf
        elif self.segment_s == "auto":
            enough = max(enough, self.whole_up_to_s * SAMPLE_RATE)
        for block in stream:
            held.append(block)
            n_held += len(block)
            if n_held > enough:
                yield from self._windows(held, stream)
                return
        check_duration(n_held, self.min_duration_s)
        if self.segment_s is None or self.segment_s == "auto":
            yield self._whole(np.concatenate(held))
        else:
            yield from self._windows(held, stream)

    def _whole(self, waveform: NDArray[np.float32]) -> Segment:
        start, end = 0, len(waveform)
        if self.trim_db is not None:
            start, end = trim(waveform, self.trim_db)
        return Segment(0, start / SAMPLE_RATE, end / SAMPLE_RATE, waveform[start:end])

    def _windows(self, held: list, stream: Iterator) -> Iterator[Segment]:
        segment_s = self.segment_s
        if segment_s is None or isinstance(segment_s, str):
            segment_s = AUTO_SEGMENT_S
        size = round(segment_s * SAMPLE_RATE)
        hop = size if self.hop_s is None else round(self.hop_s * SAMPLE_RATE)
        index, held_from, n_held = 0, 0, sum(map(len, held))
        while True:
            start = index * hop
            end = start + size
            while held_from + n_held < end and (block := next(stream, None)) is not None:
                held.append(block)
                n_held += len(block)
            n_samples = held_from + n_held  # of the recording, once it ends before this window
            if start >= n_samples or (index and end - hop >= n_samples):
                return
            waveform = held[0] if len(held) == 1 else np.concatenate(held)
            waveform = waveform[start - held_from :]
            held, held_from, n_held = [waveform], start, len(waveform)
            piece = waveform[:size]
            if index and len(piece) < min(size, self.min_last_s * SAMPLE_RATE):
                return
            end = start + len(piece)
            yield Segment(index, start / SAMPLE_RATE, end / SAMPLE_RATE, piece)
            index += 1


def trim(waveform: NDArray[np.float32], trim_db: float) -> tuple[int, int]:
    """Where the sound of a recording starts and ends.

    Gives what `librosa.effects.trim(waveform, top_db=trim_db)` gives with its defaults (frames of
    2048 samples every 512, the recording padded with zeros), for a tenth of the time.

    Parameters
    ----------
    waveform : float32 array, shape (n_samples,)
    trim_db : float, decibels
        A frame counts as sound if it is less than this below the loudest frame.

    Returns
    -------
    start, end : int, samples
        The whole, if the waveform is digital silence.

    Examples
    --------
    >>> waveform = np.zeros(16_000, np.float32)
    >>> waveform[6_000:8_000] = 0.5
    >>> trim(waveform, 30)
    (5120, 9216)
    """
    n_samples = len(waveform)
    # A frame is four hops long, so hops are summed once, and then four neighbours.
    hops = np.zeros(n_samples // _TRIM_HOP + 5)
    n_full = n_samples // _TRIM_HOP
    full = waveform[: n_full * _TRIM_HOP].reshape(n_full, _TRIM_HOP)
    rest = waveform[n_full * _TRIM_HOP :].astype(float)
    hops[2 : 2 + n_full] = np.einsum("ij,ij->i", full, full)
    hops[2 + n_full] = rest @ rest
    power = (hops[:-3] + hops[1:-2] + hops[2:-1] + hops[3:])[: n_full + 1] / _TRIM_FRAME
    level_db = 10 * np.log10(np.maximum(power, _TRIM_FLOOR))
    sound = np.flatnonzero(level_db - level_db.max() > -trim_db)
    return int(sound[0]) * _TRIM_HOP, min(n_samples, (int(sound[-1]) + 1) * _TRIM_HOP)


def speech_fraction(waveform: NDArray[np.float32]) -> float:
    """Share of a segment that may be speech, judged by its level alone (`loud_frames`).

    Returns
    -------
    float in [0, 1]
        0 for digital silence, and for what is shorter than a frame.

    Examples
    --------
    >>> waveform = np.zeros(16_000, np.float32)
    >>> waveform[4_000:12_000] = 0.5
    >>> speech_fraction(waveform)
    0.5
    """
    is_loud = loud_frames(waveform)
    return float(np.count_nonzero(is_loud)) / len(is_loud) if len(is_loud) else 0.0


def loud_frames(waveform: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a segment may be speech, judged by its level alone.

    A 25 ms frame counts if its level is above three floors: -60 dBFS; 30 dB below the loud
    frames (95th percentile); 6 dB above the quiet frames (10th percentile), which are the noise
    between words. So steady noise, hum and silence give none, and speech stays above its
    background; the quietest tenth of any segment never counts. Music counts like speech.

    Parameters
    ----------
    waveform : float32 array, shape (n_samples,)

    Returns
    -------
    bool array, shape (n_samples // 400,)
    """
    n_frames = len(waveform) // _SPEECH_FRAME
    frames = waveform[: n_frames * _SPEECH_FRAME].reshape(n_frames, _SPEECH_FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / _SPEECH_FRAME
    if n_frames == 0:
        return power > 0
    ordered = np.sort(power)
    loud, quiet = ordered[int(0.95 * (n_frames - 1))], ordered[int(0.10 * (n_frames - 1))]
    floor = max(1e-6, 1e-3 * float(loud), 4 * float(quiet))  # -60 dBFS, -30 dB, +6 dB
    return power > floor


def check_duration(n_samples: int, min_duration_s: float) -> None:
    """Refuse a recording of fewer seconds with an `AudioError`."""
    if n_samples < round(min_duration_s * SAMPLE_RATE):
        raise AudioError(
            f"the recording has {n_samples / SAMPLE_RATE:.3f} s; min_duration_s is {min_duration_s}"
        )


def _check_number(name: str, value: object, least: float | None = None) -> None:
    """Refuse what is not a finite number, and one below `least` (without it: zero and below)."""
    # True is a number to Python, and never meant as one.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(f"{name} is a number; got {value!r} ({type(value).__name__})")
    number = float(value)
    if not math.isfinite(number) or (number <= 0 if least is None else number < least):
        wanted = "above 0" if least is None else f"at least {least:g}"
        raise ConfigError(f"{name} must be finite and {wanted}; got {value!r}")
