"""WAV, FLAC and AIFF through libsndfile: a tenth of what FFmpeg costs on a short clip."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from emodist.audio import headers
from emodist.audio.readers import check_complete, downmix
from emodist.audio.source import AudioInfo, Source
from emodist.errors import GaveUpError

# About a second: the working set of the resampler then stays in the processor's cache.
_CHUNK = 32_768


class SoundfileReader:
    """A `Reader` of what libsndfile opens.

    Raises
    ------
    GaveUpError
        If libsndfile does not know the file, finds no samples, or meets damage while reading.
    AudioError
        If the file is shorter than its header says.
    """

    is_exact = True
    reached_s = 0.0
    lost_s = 0.0

    def __init__(self, source: Source):
        self._name = source.name
        self._file = None if source.file is None else _Listened(source.file)
        try:
            self._sound = soundfile.SoundFile(source.path or self._file)
        except soundfile.SoundFileError as error:
            self._raise_own_error()
            raise GaveUpError(f"{source.name}: {error}") from error
        sound = self._sound
        # libsndfile says 2**63 - 1 where a FLAC does not know its own length.
        n_samples = sound.frames if sound.frames < 1 << 62 else None
        declared_s = n_samples / sound.samplerate if n_samples is not None else None
        self.info = AudioInfo(declared_s, _codec(sound), sound.channels, sound.samplerate)
        self.declared_s = declared_s
        if n_samples == 0:
            raise GaveUpError(f"{source.name}: has no samples")
        if declared_s is not None:
            promised_s = _promised_s(source, sound.samplerate)
            if promised_s is not None:
                check_complete(source.name, promised_s, declared_s, is_exact=True)

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        rate = self._sound.samplerate
        while True:
            try:
                samples = self._sound.read(_CHUNK, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                self._raise_own_error()
                raise GaveUpError(f"{self._name}: cannot be decoded: {error}") from error
            self._raise_own_error()
            if not len(samples):
                return
            yield downmix(list(samples.T)), rate

    def close(self) -> None:
        self._sound.close()

    def _raise_own_error(self) -> None:
        if self._file is not None and self._file.error is not None:
            raise self._file.error


class _Listened:
    """A file object whose errors are kept: C code between it and us would swallow them."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.error: Exception | None = None
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except Exception as error:
            self.error = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()


def _codec(sound: soundfile.SoundFile) -> str:
    return "flac" if sound.format == "FLAC" else sound.subtype.lower()


def _promised_s(source: Source, sample_rate: int) -> float | None:
    # libsndfile shortens the length that it reports to the bytes that are there.
    if source.container == "wav":
        return headers.wav_duration_s(source)
    if source.container == "aiff":
        n_samples = headers.aiff_n_samples(source)
        return None if n_samples is None else n_samples / sample_rate
    return None
