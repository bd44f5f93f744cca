"""WAV, FLAC and AIFF through libsndfile: a tenth of what FFmpeg costs on a short clip."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import soundfile
from numpy.typing import NDArray

from emodist.audio import containers
from emodist.audio.containers import flac, wav
from emodist.audio.readers import Channels, Downmix
from emodist.audio.source import AudioInfo, Source, View
from emodist.errors import GaveUpError

# About a second: the working set of the resampler then stays in the processor's cache.
_CHUNK = 32_768


class SoundfileReader:
    """A `Reader` of what libsndfile opens.

    Raises
    ------
    GaveUpError
        If libsndfile does not know the file, finds no samples, or meets damage while reading.
    """

    is_exact = True
    offset_s = filled_s = lost_s = 0.0
    tracks, track = "", 1
    damage: str | None = None
    _n_counted = _per_block = 0

    def __init__(self, source: Source, channels: Channels = "mean"):
        self._source = source
        self._container = containers.of(source)
        self.rest: int | None = None
        self.mix = Downmix(channels)
        self._view: View | None = None
        with contextlib.ExitStack() as stack:
            try:
                self._sound = self._open(stack)
            except soundfile.SoundFileError as error:
                self._raise_own_error()
                raise GaveUpError(f"{source.name}: {error}") from error
            self._stack = stack.pop_all()
        sound = self._sound
        # libsndfile says 2**63 - 1 where a FLAC does not know its own length.
        n_samples = sound.frames if sound.frames < 1 << 62 else None
        self._n_left = n_samples if n_samples is not None else 1 << 62
        if n_samples and 0 < n_samples - self._n_counted < self._per_block:
            # The last block of a codec is filled up.
            self._n_left = n_samples = self._n_counted
        found_s = n_samples / sound.samplerate if n_samples is not None else None
        self.declared_s = None
        if found_s is not None:
            # libsndfile shortens the length that it reports to the bytes that are there.
            self.declared_s = found_s / self.share if self.share else None
        self.info = AudioInfo(found_s, _codec(sound), sound.channels, sound.samplerate)
        if n_samples == 0:
            self.close()
            raise GaveUpError(f"{source.name}: has no samples")

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        rate = self._sound.samplerate
        while True:
            try:
                size = min(_CHUNK, self._n_left)
                samples = self._sound.read(size, dtype="float32", always_2d=True)
                self._n_left -= len(samples)
            except soundfile.SoundFileError as error:
                self._raise_own_error()
                raise GaveUpError(f"{self._source.name}: cannot be decoded: {error}") from error
            self._raise_own_error()
            if not len(samples):
                break
            yield self.mix(list(samples.T)), rate
        if self._container == "flac":
            self.rest = flac.joined(self._source, self._read_to())

    def close(self) -> None:
        self._sound.close()
        self._stack.close()

    def _open(self, stack: contextlib.ExitStack) -> soundfile.SoundFile:
        source = self._source
        described = wav.samples(source) if self._container == "wav" else None
        if described is not None and not described.subtype:
            self._n_counted, self._per_block = described.n_counted or 0, described.per_block
        if described is None:
            found = containers.extent(source)
            self.share = found.share(source.size) if found else 1.0
            if source.path is None or self._container != "flac":
                return self._of(stack, source)
            # Its place in the file tells later whether more is joined on.
            self._fd = os.open(source.path, os.O_RDONLY)
            stack.callback(os.close, self._fd)
            return soundfile.SoundFile(self._fd, closefd=False)
        self.share = described.extent.share(source.size) if described.is_stated else 1.0
        if described.is_stated:
            try:
                return self._of(stack, source)
            except soundfile.SoundFileError:
                # Chunks that libsndfile cannot step over.
                if described.subtype is None:
                    raise
                self._raise_own_error()
        if described.subtype is None:
            return self._of(stack, stack.enter_context(source.part(0, described.extent.end)))
        start, end = described.extent.start, described.extent.end
        return self._of(
            stack,
            stack.enter_context(source.part(start, end)),
            format="RAW",
            subtype=described.subtype,
            channels=described.n_channels,
            samplerate=described.sample_rate,
            endian=described.order.upper(),
        )

    def _of(self, stack: contextlib.ExitStack, source: Source, **raw) -> soundfile.SoundFile:
        if source.path is not None:
            return soundfile.SoundFile(source.path, **raw)
        self._view = stack.enter_context(source.opened())
        return soundfile.SoundFile(_Quiet(self._view), **raw)

    def _read_to(self) -> int:
        if self._view is not None:
            return self._view.tell()
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def _raise_own_error(self) -> None:
        if self._view is not None and self._view.error is not None:
            raise self._view.error


class _Quiet:
    """A view for C code, which cannot pass on what reading raises: the view keeps it."""

    def __init__(self, view: View):
        self._view = view
        self.seek, self.tell = view.seek, view.tell

    def read(self, size: int = -1) -> bytes:
        try:
            return self._view.read(size)
        except Exception:
            return b""


def _codec(sound: soundfile.SoundFile) -> str:
    return "flac" if sound.format == "FLAC" else sound.subtype.lower()
