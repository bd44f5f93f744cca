"""Sound through moviepy's own reader, for those who want moviepy's view of a file.

It pipes the sound of an FFmpeg process, at the file's own rate and channels so that FFmpeg
neither mixes nor resamples. Differences that remain: samples are clipped to [-1, 1], since the
pipe carries 32-bit integers, and of several audio streams FFmpeg takes the one that it finds best.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emodist.audio.pyav_reader import PyavReader
from emodist.audio.readers import Channels, Downmix
from emodist.audio.source import AudioInfo, Source
from emodist.errors import AudioError

_CHUNK = 65_536


class MoviepyReader:
    """A `Reader` that moviepy feeds.

    Raises
    ------
    AudioError
        If FFmpeg does not know the file, or moviepy finds no sound or no length in it.
    """

    filled_s = lost_s = 0.0
    rest: int | None = None

    def __init__(self, source: Source, channels: Channels = "mean"):
        # FFmpeg's own account of a bad file is fifty lines; PyAV's check says it in one.
        header = PyavReader(source)
        header.close()
        self._name = source.name
        self.info, self.declared_s, self.is_exact = header.info, header.declared_s, header.is_exact
        self.share, self.tracks, self.track = header.share, header.tracks, header.track
        self.offset_s, self.damage = 0.0, header.damage
        self.mix = Downmix(channels)
        self._copy = None
        path = source.path
        if path is None:
            self._copy = tempfile.NamedTemporaryFile(suffix="-emodist")  # noqa: SIM115
            with source.opened() as file:
                shutil.copyfileobj(file, self._copy)
            self._copy.flush()
            path = self._copy.name
        try:
            self._reader = _pipe(path, self.info)
        except (OSError, KeyError, TypeError, ValueError) as error:
            self.close()
            reason = next((line for line in str(error).splitlines() if line.strip()), "no reason")
            raise AudioError(
                f"{source.name}: moviepy cannot read it ({reason}); try decoder='auto'"
            ) from error

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        reader, n_channels = self._reader, self.info.n_channels
        n_done = 0
        while True:
            samples = reader.read_chunk(_CHUNK)
            # moviepy pads what is not there with zeros, so the pipe's own count decides.
            n_new = reader.proc.stdout.n_bytes // (n_channels * reader.nbytes) - n_done
            if n_new <= 0:
                return
            n_done += n_new
            yield self.mix(list(samples[:n_new].T)), self.info.sample_rate

    def close(self) -> None:
        if getattr(self, "_reader", None) is not None:
            self._reader.close()
        if self._copy is not None:
            self._copy.close()


class _CountingPipe:
    def __init__(self, pipe):
        self._pipe = pipe
        self.n_bytes = 0

    def read(self, size):
        data = self._pipe.read(size)
        self.n_bytes += len(data)
        return data

    def close(self):
        self._pipe.close()


def _pipe(path: str, info: AudioInfo):
    # moviepy takes a second to import, and few need it.
    from moviepy.audio.io.readers import FFMPEG_AudioReader

    class SequentialReader(FFMPEG_AudioReader):
        proc: Any = None  # moviepy closes it even where its own __init__ failed

        def initialize(self, start_time=0):
            super().initialize(start_time)
            self.proc.stdout = _CountingPipe(self.proc.stdout)
            # Nobody else empties this pipe: a damaged file fills it, and FFmpeg hangs.
            threading.Thread(target=_swallow, args=(self.proc.stderr,), daemon=True).start()

        def buffer_around(self, frame_number):
            """Random access needs a buffer; reading from start to end does not."""

    return SequentialReader(
        path,
        _CHUNK,
        # moviepy insists on a length; where no header has it, FFmpeg plays the file to find out.
        decode_file=info.duration_s is None,
        fps=info.sample_rate,
        nbytes=4,
        nchannels=info.n_channels,
    )


def _swallow(pipe) -> None:
    try:
        while pipe.read(65_536):
            pass
    except ValueError:  # closed under our hands when reading stops early
        return
