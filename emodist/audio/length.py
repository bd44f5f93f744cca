"""How long a file is whose headers do not say: its packets are counted, and none is decoded."""

import contextlib
import os
from typing import BinaryIO

from emodist.audio.containers import mp3
from emodist.audio.source import open_source
from emodist.errors import AudioError

# FFmpeg guesses the length of these from their first bytes and their size. An MP3 may have a
# header of its own.
GUESSED = frozenset({"aac", "ac3", "amr", "amrnb", "amrwb", "dts", "eac3", "loas", "mp3"})


def counted_s(source: str | os.PathLike | BinaryIO) -> float | None:
    """Seconds of sound, if headers say nothing or FFmpeg's guess; None where they can be believed.

    All of the file is read, at some thousand times real time.

    Raises
    ------
    AudioError
        If it is missing, unreadable or empty.
    """
    import av

    from emodist.audio import pyav_reader

    whole = open_source(source)
    n_counted = mp3.n_samples(whole)
    try:
        with contextlib.ExitStack() as stack:
            container = stack.enter_context(pyav_reader.opened(whole, stack))
            stream, name = container.streams.audio[0], container.format.name
            is_told = bool(stream.duration or container.duration)
            if is_told and (name not in GUESSED or (name == "mp3" and n_counted)):
                return None
            ticks = sum(packet.duration or 0 for packet in container.demux(stream))
            return float(ticks * (stream.time_base or 0)) or None
    # What is wrong with the file, decoding will tell.
    except (AudioError, av.FFmpegError, IndexError):
        return None
