"""What every decoder offers, and the downmix that all of them share."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emodist.audio.source import AudioInfo
from emodist.errors import AudioError


class Reader(Protocol):
    """An opened file.

    Attributes
    ----------
    info : AudioInfo
    declared_s : float or None, seconds
        Length that the headers vouch for; None where they only guess or say nothing.
    is_exact : bool
        Whether `declared_s` counts samples (WAV, FLAC), not packets or ticks.
    reached_s, lost_s : float, seconds
        After reading: the time at which the last packet ended, where the container has a clock
        (0 otherwise), and how much sound could not be decoded.
    """

    info: AudioInfo
    declared_s: float | None
    is_exact: bool
    reached_s: float
    lost_s: float

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Mono samples and their rate, piece by piece, about a second each."""
        ...

    def close(self) -> None: ...


def downmix(channels: Sequence[NDArray], full_scale: float = 1.0) -> NDArray[np.float32]:
    """The plain mean of the channels, every one with the same weight, the LFE included.

    FFmpeg's own downmix of stereo is 0.707 (L + R), 3 dB more, and leaves the LFE out: not used.

    Parameters
    ----------
    channels : arrays of shape (n_samples,)
        Integers or floats. Contents of a single float32 channel may be overwritten.
    full_scale : float
        The integer that stands for 1.0.

    Examples
    --------
    >>> downmix([np.array([16384, 0], np.int16), np.array([0, 0], np.int16)], 32768)
    array([0.25, 0.  ], dtype=float32)
    """
    if len(channels) == 1:
        mono = channels[0].astype(np.float32, copy=False)
    else:
        mono = np.add(channels[0], channels[1], dtype=np.float32)
        for channel in channels[2:]:
            mono += channel
    factor = 1.0 / (full_scale * len(channels))
    if factor != 1.0:
        mono *= np.float32(factor)
    return mono


def check_complete(
    name: str, declared_s: float | None, found_s: float, lost_s: float = 0.0, is_exact: bool = False
) -> None:
    """Refuse a file that lacks more of its sound than files do that are in order.

    Allowed are 1 s or 2 % of the length, whichever is more, but never more than a quarter:
    encoders pad, and containers round. A header that counts samples is allowed 0.1 s or 2 %.
    Sound that is absent at the end and packets that could not be decoded count together.

    Raises
    ------
    AudioError
        With the durations found and promised.
    """
    length_s = declared_s or found_s
    absent_s = max(0.0, length_s - found_s)
    allowed_s = max(0.1 if is_exact else 1.0, 0.02 * length_s)
    if absent_s + lost_s <= min(allowed_s, 0.25 * length_s):
        return
    if lost_s > absent_s:
        raise AudioError(f"{name}: damaged: {lost_s:.2f} s of {length_s:.2f} s cannot be decoded")
    raise AudioError(
        f"{name}: truncated or damaged: its header promises {length_s:.2f} s of sound, "
        f"only {found_s:.2f} s could be decoded"
    )
