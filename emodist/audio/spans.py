"""Pieces of a recording at given times, cut as its samples come.

Times are seconds from the start of the recording, or of the film that it belongs to; samples are
those of the recording, unchanged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from emodist.audio.segments import Segment
from emodist.audio.source import SAMPLE_RATE
from emodist.errors import AudioError

# A span may end so long after its recording: whoever sets it reads rounded times, and codecs add
# and drop some frames. It then ends with the recording.
TOLERANCE_S = 0.5


def cut(
    blocks: Iterable[NDArray[np.float32]],
    times: Sequence[tuple[float, float]],
    name: Callable[[int], str] = "span {}".format,
    offset_s: Callable[[], float] = float,
) -> Iterator[Segment | None]:
    """The pieces of one recording, in the order of `times`, each as soon as its samples are there.

    Parameters
    ----------
    blocks : iterable of float32 arrays, shape (n_samples,)
        Consecutive, of any sizes, mono at 16 kHz; all are taken.
    times : sequence of (start_s, end_s)
        Starts in rising order; spans may overlap. Memory is that of the longest one and a block.
    name : callable, optional
        What to call one, by its number, in messages.
    offset_s : callable, optional
        When the first sample is heard, in the time of the spans, seconds; asked once there is a
        block. A span that begins before begins there.

    Yields
    ------
    Segment or None
        None as a sign of life, for a block in which no piece ends. Times are those of samples.

    Raises
    ------
    AudioError
        If a span ends before the sound begins, or more than `TOLERANCE_S` after its end.

    Examples
    --------
    >>> second = np.full(16_000, 0.1, np.float32)
    >>> pieces = cut([second] * 3, [(0.5, 1.5), (1.0, 3.2)])
    >>> [(piece.index, piece.start_s, piece.end_s) for piece in pieces if piece]
    [(0, 0.5, 1.5), (1, 1.0, 3.0)]
    """
    held = np.empty(0, np.float32)
    held_from, index = 0, 0
    bounds: list[tuple[int, int]] = []
    for block in blocks:
        bounds = bounds or _bounds(times, name, offset_s())
        # Samples before the next span are not needed any more.
        needed = bounds[index][0] if index < len(bounds) else held_from + len(held) + len(block)
        start = min(max(needed - held_from, 0), len(held) + len(block))
        if start >= len(held):
            held = block[start - len(held) :]
        else:
            held = np.concatenate([held[start:], block])
        held_from += start
        first = index
        while index < len(bounds) and bounds[index][1] <= held_from + len(held):
            yield _piece(index, bounds[index], held, held_from)
            index += 1
        if index == first:
            yield None
    n_samples = held_from + len(held)
    late_s = offset_s()
    while index < len(bounds):
        start, end = bounds[index]
        if start >= n_samples or end - n_samples > TOLERANCE_S * SAMPLE_RATE:
            raise AudioError(
                f"{name(index)} is {times[index][0]:.3f} to {times[index][1]:.3f} s, and the "
                f"recording has {late_s + n_samples / SAMPLE_RATE:.3f} s; a span may end up to "
                f"{TOLERANCE_S:g} s after it"
            )
        yield _piece(index, (start, n_samples), held, held_from)
        index += 1


def _bounds(
    times: Sequence[tuple[float, float]], name: Callable[[int], str], late_s: float
) -> list[tuple[int, int]]:
    found = []
    for index, (start_s, end_s) in enumerate(times):
        if end_s <= late_s:
            raise AudioError(
                f"{name(index)} is {start_s:.3f} to {end_s:.3f} s, and the sound of this film "
                f"begins at {late_s:.3f} s"
            )
        start, end = (round((time_s - late_s) * SAMPLE_RATE) for time_s in (start_s, end_s))
        found.append((max(0, start), end))
    return found


def _piece(
    index: int, bounds: tuple[int, int], held: NDArray[np.float32], held_from: int
) -> Segment:
    start, end = bounds
    waveform = held[start - held_from : end - held_from]
    return Segment(index, start / SAMPLE_RATE, end / SAMPLE_RATE, waveform)
