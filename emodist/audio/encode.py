"""Waveforms written to audio files: 16 kHz, mono, 16 bits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from emodist.audio.source import SAMPLE_RATE
from emodist.errors import ConfigError, OutputError
from emodist.registry import suggest

FORMATS = ("wav", "flac")


@contextmanager
def writer(path: str, format: str = "wav") -> Iterator[Callable[[NDArray[np.float32]], None]]:
    """A function that appends a block of samples to a sound file.

    A sample x becomes the integer nearest to 32768 x; what lies outside [-1, 1) is clipped to the
    largest or smallest integer. Sound decoded from 16 bits at 16 kHz is therefore kept exactly.

    Parameters
    ----------
    path : str
        A local file.
    format : {"wav", "flac"}

    Raises
    ------
    ConfigError
        If the format is unknown.
    OutputError
        If the file cannot be written.
    """
    if format not in FORMATS:
        raise ConfigError(f"there is no output format {format!r}; {suggest(format, FORMATS)}")
    import soundfile

    with _blaming(path):
        file = soundfile.SoundFile(
            path, "w", SAMPLE_RATE, 1, format=format.upper(), subtype="PCM_16"
        )

    def write(block: NDArray[np.float32]) -> None:
        scaled = np.clip(np.rint(block * np.float32(32768)), -32768, 32767)
        with _blaming(path):
            file.write(scaled.astype(np.int16))

    try:
        yield write
    finally:
        with _blaming(path):
            file.close()


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    import soundfile

    try:
        yield
    except (soundfile.SoundFileError, OSError) as error:
        raise OutputError(f"{path} cannot be written: {error}") from error
