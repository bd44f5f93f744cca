"""Where in a recording there is speech, from the probabilities of `audio.silero`.

A **stretch** begins with a window of 32 ms that reaches `THRESHOLD` and ends where windows stay
below `OFF` for the gap that is merged; one that is very short is none. It is widened at both ends
by `PAD_S`, or by half the gap if that is less. On excerpts of real meetings these numbers find 0.92
of F1 where Silero's own find 0.81 (`benchmarks/speech.py`): people's turns hold short pauses.

What is known at a moment never changes later, and does not depend on how the sound came in.
"""

import collections
import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from emodist.audio.segments import Segment, check_duration
from emodist.audio.silero import WINDOW, Silero
from emodist.audio.source import SAMPLE_RATE
from emodist.errors import ConfigError

THRESHOLD = 0.3
OFF = 0.15
GAP_S = 0.5
PAD_S = 0.2
LEAST_S = 0.1  # of voice, in a stretch

Blocks = Iterable[NDArray[np.float32]]


@dataclasses.dataclass(frozen=True)
class SpeechCut:
    """How recordings are cut into segments of speech: each is a stretch, and the rest is left out.

    Parameters
    ----------
    merge_gap_s : float, seconds
        Speech with a shorter pause between is one stretch.
    min_segment_s : float, seconds
        Shorter stretches are left out.
    max_segment_s : float, seconds
        Longer stretches are cut where speech is least probable in the second half of that.
    min_duration_s : float, seconds
        A recording shorter than this is refused.

    Raises
    ------
    ConfigError
        If a number is out of range.
    """

    merge_gap_s: float = GAP_S
    min_segment_s: float = 0.5
    max_segment_s: float = 15.0
    min_duration_s: float = 0.1

    def __post_init__(self) -> None:
        for name, least in (("merge_gap_s", 0.1), ("min_segment_s", 0.0), ("max_segment_s", 1.0)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise ConfigError(f"{name} must be at least {least:g}; got {value}")
        if 2 * max(self.min_segment_s, self.merge_gap_s) > self.max_segment_s:
            raise ConfigError(
                "max_segment_s must be at least twice min_segment_s and merge_gap_s; got "
                f"{self.max_segment_s}, {self.min_segment_s} and {self.merge_gap_s}"
            )

    def cut(self, blocks: Blocks, model: Silero) -> Iterator[Segment | None]:
        """Segments of one recording, as soon as they are known; all of their time is speech.

        Holds one segment and one block of sound. None comes with each block, as a sign of life:
        there may be no speech for hours.

        Raises
        ------
        AudioError
            If the recording is shorter than `min_duration_s`.
        """
        stretches = Stretches(self.merge_gap_s, self.min_segment_s, self.max_segment_s)
        held: collections.deque[tuple[int, NDArray[np.float32]]] = collections.deque()
        n_samples = index = 0
        for block in _heard(blocks, model, stretches):
            if block is not None:
                held.append((n_samples, block))
                n_samples += len(block)
            else:
                check_duration(n_samples, self.min_duration_s)
            while stretches.closed:
                start, end = stretches.closed.popleft()
                waveform = _between(held, start, end)
                yield Segment(index, start / SAMPLE_RATE, end / SAMPLE_RATE, waveform, 1.0)
                index += 1
            while held and held[0][0] + len(held[0][1]) <= stretches.wanted_from:
                held.popleft()
            yield None


def judged(
    cut: Callable[[Blocks], Iterator[Segment | None]], blocks: Blocks, model: Silero
) -> Iterator[Segment | None]:
    """Segments of one recording, each with the share of its time that lies in stretches of speech.

    Parameters
    ----------
    cut : callable
        Makes segments of blocks, in the order of their starts, as `Segmentation.cut`; None, as a
        sign of life, is handed on.

    A segment comes about two seconds of sound later than from `cut` itself: whether its end is
    speech depends on what follows.
    """
    stretches = Stretches()
    stream = (block for block in _heard(blocks, model, stretches) if block is not None)
    waiting: collections.deque[Segment] = collections.deque()
    for segment in cut(stream):
        if segment is None:
            yield None
            continue
        waiting.append(segment)
        while waiting and round(waiting[0].end_s * SAMPLE_RATE) <= stretches.known:
            yield _with_fraction(waiting.popleft(), stretches)
    for _ in stream:
        pass
    for segment in waiting:
        yield _with_fraction(segment, stretches)


def spans(blocks: Blocks, model: Silero) -> list[tuple[float, float]]:
    """Start and end of every stretch of a recording, seconds."""
    stretches = Stretches()
    for _ in _heard(blocks, model, stretches):
        pass
    return [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in stretches.closed]


class Stretches:
    """The stretches of one recording, as the probabilities of its windows come in.

    Everything is in samples from the recording's start.

    Parameters
    ----------
    merge_gap_s, min_s, max_s : float, seconds
        As in `SpeechCut`.

    Attributes
    ----------
    closed : deque of (start, end)
        Finished stretches, for whoever wants them to take out.
    """

    def __init__(self, merge_gap_s: float = GAP_S, min_s: float = 0.0, max_s: float = math.inf):
        self._gap = merge_gap_s * SAMPLE_RATE
        self._pad = round(min(PAD_S, merge_gap_s / 2) * SAMPLE_RATE)
        self._min, self._max = min_s * SAMPLE_RATE, max_s * SAMPLE_RATE
        self.closed: collections.deque[tuple[int, int]] = collections.deque()
        self._now = 0
        # Of the open stretch: where it starts, and its voice; since when it is quiet; and, where
        # it may have to be cut, the probabilities of its windows.
        self._start: int | None = None
        self._voice = 0
        self._quiet: int | None = None
        self._windows: list[float] = []
        self._windows_from = 0
        self._is_over = False

    @property
    def known(self) -> float:
        """Up to where all is decided."""
        if self._is_over:
            return math.inf
        if self._start is None:
            return self._now - self._pad
        return self._voice_end + self._pad if self._is_certain else self._start

    @property
    def wanted_from(self) -> int:
        """Where the next stretch may start at the earliest."""
        return self._now - self._pad if self._start is None else self._start

    def hear(self, probabilities: NDArray[np.float32]) -> None:
        """Go on by the windows that follow."""
        for probability in probabilities.tolist():
            self._step(probability)

    def end(self, n_samples: int) -> None:
        """The recording has so many samples, and no more."""
        if self._start is not None:
            self._close(min(self._voice_end, n_samples), n_samples)
        self._is_over = True

    def fraction(self, start: int, end: int) -> float:
        """Share of the time from `start` to `end` that is speech; later calls ask for later ones.

        What ends before `start` is forgotten.
        """
        while self.closed and self.closed[0][1] <= start:
            self.closed.popleft()
        spans = list(self.closed)
        if self._start is not None and self._is_certain:
            spans.append((self._start, self._voice_end + self._pad))
        n_speech = sum(max(0, min(end, b) - max(start, a)) for a, b in spans)
        return n_speech / max(1, end - start)

    @property
    def _voice_end(self) -> int:
        return self._now if self._quiet is None else self._quiet

    @property
    def _is_certain(self) -> bool:
        """Whether the open stretch has voice enough to be one."""
        return self._voice_end - self._voice >= LEAST_S * SAMPLE_RATE

    def _step(self, probability: float) -> None:
        at = self._now
        self._now += WINDOW
        if self._start is None:
            if probability >= THRESHOLD:
                self._start, self._voice, self._quiet = max(0, at - self._pad), at, None
                self._windows, self._windows_from = [], at
        elif probability >= THRESHOLD:
            self._quiet = None
        elif probability < OFF:
            if self._quiet is None:
                self._quiet = at
            if at - self._quiet >= self._gap:
                self._close(self._quiet, self._now)
        if self._start is not None and self._max < math.inf:
            self._windows.append(probability)
            # Not in a pause: it may be the end.
            while self._quiet is None and self._now + self._pad - self._start > self._max:
                self._split(self._start)

    def _close(self, voice_end: int, n_samples: int) -> None:
        assert self._start is not None
        end = min(voice_end + self._pad, n_samples)
        if voice_end - self._voice >= LEAST_S * SAMPLE_RATE and end - self._start >= self._min:
            self.closed.append((self._start, end))
        self._start = None

    def _split(self, start: int) -> None:
        """Cut a stretch that is too long; what is left is no shorter than the least."""
        low, high = start + self._max / 2, start + self._max - self._min
        first = max(0, math.ceil((low - self._windows_from) / WINDOW - 0.5))
        last = math.floor((high - self._windows_from) / WINDOW - 0.5)
        which = first + int(np.argmin(self._windows[first : last + 1]))
        self._windows_from += which * WINDOW
        self._windows = self._windows[which:]
        self._start = self._windows_from + WINDOW // 2
        self.closed.append((start, self._start))


def _heard(
    blocks: Blocks, model: Silero, stretches: Stretches
) -> Iterator[NDArray[np.float32] | None]:
    """The blocks, each when it was listened to; None when all is over."""
    listener, n_samples = model.listen(), 0
    for block in blocks:
        stretches.hear(listener.hear(block))
        n_samples += len(block)
        yield block
    stretches.hear(listener.end())
    stretches.end(n_samples)
    yield None


def _between(
    held: Iterable[tuple[int, NDArray[np.float32]]], start: int, end: int
) -> NDArray[np.float32]:
    """A copy of the samples from `start` to `end` of blocks that stand with their places."""
    return np.concatenate([block[max(0, start - at) : max(0, end - at)] for at, block in held])


def _with_fraction(segment: Segment, stretches: Stretches) -> Segment:
    start, end = (round(time_s * SAMPLE_RATE) for time_s in (segment.start_s, segment.end_s))
    return dataclasses.replace(segment, speech_fraction=stretches.fraction(start, end))
