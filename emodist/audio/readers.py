"""What every decoder offers, and the downmix that all of them share."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from emodist.audio.source import AudioInfo
from emodist.errors import AudioError

Channels = Literal["mean", "left", "right", "max"]
# Louder by so much, another channel is taken: 3 dB.
_LOUDER = 2.0
# The mean of two channels is this share of their power, or less, where they cancel: -20 dB.
_CANCELS = 0.01
_LOOKED_AT = 512


@dataclasses.dataclass
class Account:
    """What was found out about a recording besides its samples; complete when it was read.

    Attributes
    ----------
    offset_s : float, seconds
        When the first sample is heard in the film.
    filled_s : float, seconds
        Silence that stands where the container's clock says that there was no sound.
    lost_s : float, seconds
        Sound that was there and could not be decoded, or that was cut off.
    tracks : str
        The audio tracks of the file, one after the other; empty where there cannot be several.
    track : int
        Which of them was read, from 1.
    damage : str or None
        What is wrong with a file that was read all the same.
    remark : str or None
        What is odd about its sound.
    """

    offset_s: float = 0.0
    filled_s: float = 0.0
    lost_s: float = 0.0
    tracks: str = ""
    track: int = 1
    damage: str | None = None
    remark: str | None = None


class Reader(Protocol):
    """An opened file.

    Attributes
    ----------
    info : AudioInfo
    declared_s : float or None, seconds
        Length that the headers vouch for; None where they only guess or say nothing.
    damage : str or None
        What shows from the outside alone.
    share : float
        How much of what the headers announce is there, in bytes.
    is_exact : bool
        Whether both count samples (WAV, FLAC), not packets or ticks.
    offset_s, filled_s, lost_s, tracks, track
        As in `Account`; the first three after reading.
    mix : Downmix
    rest : int or None
        After reading: the byte at which another recording begins that is joined on.
    """

    info: AudioInfo
    declared_s: float | None
    damage: str | None
    share: float
    is_exact: bool
    offset_s: float
    filled_s: float
    lost_s: float
    tracks: str
    track: int
    rest: int | None
    mix: "Downmix"

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Mono samples and their rate, piece by piece, about a second each."""
        ...

    def close(self) -> None: ...


class Downmix:
    """Channels in, one out; remembers how they went together.

    Parameters
    ----------
    channels : {"mean", "left", "right", "max"}
        The plain mean, every channel with the same weight, the LFE included (FFmpeg's own downmix
        of stereo is 0.707 (L + R), 3 dB more, and leaves the LFE out: not used); the first or the
        second; or whichever is louder, judged about once a second and kept until another one is
        louder by 3 dB.
    """

    def __init__(self, channels: Channels = "mean"):
        self._channels = channels
        self._loudest = 0
        self._mixed = self._apart = 0.0

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, channels: Sequence[NDArray], full_scale: float = 1.0) -> NDArray[np.float32]:
        """One channel of a piece of sound.

        Parameters
        ----------
        channels : arrays of shape (n_samples,)
            Integers or floats. Contents of a single float32 channel may be overwritten.
        full_scale : float
            The integer that stands for 1.0.

        Examples
        --------
        >>> Downmix()([np.array([16384, 0], np.int16), np.array([0, 0], np.int16)], 32768)
        array([0.25, 0.  ], dtype=float32)
        """
        if len(channels) > 1 and self._channels != "mean":
            channels = [channels[self._pick(channels)]]
        if len(channels) == 1:
            mono = channels[0].astype(np.float32, copy=False)
        else:
            mono = np.add(channels[0], channels[1], dtype=np.float32)
            for channel in channels[2:]:
                mono += channel
        factor = 1.0 / (full_scale * len(channels))
        if factor != 1.0:
            mono *= np.float32(factor)
        if len(channels) == 2:
            # A sample of each piece will do: channels cancel all the time or not at all.
            left = channels[0][:_LOOKED_AT].astype(np.float32, copy=False)
            part = mono[:_LOOKED_AT]
            self._mixed += float(np.dot(part, part))
            self._apart += float(np.dot(left, left)) / full_scale**2
        return mono

    def remark(self) -> str | None:
        """A word about two channels that cancelled each other."""
        if self._channels == "mean" and 0 <= self._mixed < _CANCELS * self._apart:
            return "its two channels are in opposite phase and cancel: choose channels=left"
        return None

    def _pick(self, channels: Sequence[NDArray]) -> int:
        if self._channels != "max":
            return 0 if self._channels == "left" else 1
        power = [float(np.mean(np.square(channel, dtype=np.float32))) for channel in channels]
        loudest = int(np.argmax(power))
        now = min(self._loudest, len(channels) - 1)
        self._loudest = loudest if power[loudest] > _LOUDER * power[now] else now
        return self._loudest


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


def encrypted(scheme: str) -> str:
    """The sentence for a file that only its seller's player can decode."""
    return f"is encrypted or copy-protected (DRM: {scheme}); nobody without its key can decode it"
