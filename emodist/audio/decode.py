"""The sound of any media file as blocks of float32, mono, 16 kHz, in bounded memory.

Channels are mixed by their plain mean, then resampled by soxr at quality HQ: the same for every
decoder, because another mix or resampler moves the features. Values are nominally within
[-1, 1]; a float file or a lossy codec may exceed that, and nothing is clipped.

Each decoder's library is imported where a file needs it.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from emodist.audio.readers import Reader, check_complete
from emodist.audio.source import SAMPLE_RATE, AudioInfo, Source, open_source
from emodist.errors import AudioError, ConfigError, GaveUpError
from emodist.registry import suggest

BLOCK_S = 10
DECODERS = ("auto", "moviepy", "pyav", "soundfile")

__all__ = ["BLOCK_S", "DECODERS", "SAMPLE_RATE", "AudioInfo", "blocks", "probe"]


def blocks(
    source: str | os.PathLike | BinaryIO,
    decoder: str = "auto",
    max_duration_s: float | None = None,
) -> Iterator[NDArray[np.float32]]:
    """The sound of a file, block after block.

    Parameters
    ----------
    source : path, or seekable binary file object
        A file object is read from its start and left open.
    decoder : {"auto", "moviepy", "pyav", "soundfile"}
        "auto" takes libsndfile for WAV, FLAC and AIFF, told by their content, and PyAV for
        everything else and for what libsndfile refuses.
    max_duration_s : float, seconds, optional
        Refuse what is longer, as soon as the header or the decoded length shows it.

    Yields
    ------
    float32 array, shape (n_samples,)
        10 s each, the last one shorter, none empty. Where a block ends does not change a sample.

    Raises
    ------
    AudioError
        If the file cannot be decoded, has no sound, holds values that are not finite, or lacks
        more than 1 s or 2 % of its sound (see `readers.check_complete`); always with its name.
        What shows only at the end is raised at the end, after the blocks before it.
    ConfigError
        If the decoder is unknown.
    """
    if decoder not in DECODERS:
        raise ConfigError(f"there is no decoder {decoder!r}; {suggest(decoder, DECODERS)}")
    return _blocks(source, decoder, max_duration_s)


def probe(source: str | os.PathLike | BinaryIO) -> AudioInfo:
    """What the headers say about the first audio stream; nothing is decoded.

    Raises
    ------
    AudioError
        If the file cannot be opened, has no audio stream, or is visibly cut off (WAV, Matroska).
    """
    with closing(_open(open_source(source), "auto")) as reader:
        return reader.info


def _blocks(source, decoder: str, max_duration_s: float | None) -> Iterator[NDArray[np.float32]]:
    from emodist.audio.soundfile_reader import SoundfileReader

    opened = open_source(source)
    n_samples = 0
    with closing(_open(opened, decoder)) as reader:
        _check_length(opened.name, reader.declared_s, max_duration_s)
        chunks = reader.chunks()
        if decoder == "auto" and isinstance(reader, SoundfileReader):
            chunks = _despite_damage(opened, chunks)
        for block in _regroup(_resample(opened.name, chunks)):
            _check_finite(opened.name, block, n_samples)
            n_samples += len(block)
            _check_length(opened.name, n_samples / SAMPLE_RATE, max_duration_s)
            yield block
        if not n_samples:
            raise AudioError(f"{opened.name}: has an audio stream, but not one sample came out")
        check_complete(
            opened.name,
            reader.declared_s,
            max(n_samples / SAMPLE_RATE, reader.reached_s),
            reader.lost_s,
            reader.is_exact,
        )


def _open(source: Source, decoder: str) -> Reader:
    if decoder == "moviepy":
        from emodist.audio.moviepy_reader import MoviepyReader

        return MoviepyReader(source)
    is_plain = source.container in ("wav", "flac", "aiff")
    if decoder == "soundfile" or (decoder == "auto" and is_plain):
        from emodist.audio.soundfile_reader import SoundfileReader

        try:
            return SoundfileReader(source)
        except GaveUpError:
            if decoder == "soundfile":
                raise
    from emodist.audio.pyav_reader import PyavReader

    return PyavReader(source)


def _despite_damage(source: Source, chunks) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Go on with PyAV where libsndfile gives up: it skips damaged frames of a FLAC."""
    n_done = 0
    try:
        for samples, rate in chunks:
            n_done += len(samples)
            yield samples, rate
    except GaveUpError:
        from emodist.audio.pyav_reader import PyavReader

        with closing(PyavReader(source)) as reader:
            for samples, rate in reader.chunks():
                rest = samples[n_done:]
                n_done = max(0, n_done - len(samples))
                yield rest, rate


def _resample(name: str, chunks) -> Iterator[NDArray[np.float32]]:
    import soxr

    rate, stream = SAMPLE_RATE, None
    for samples, new_rate in chunks:
        if new_rate != rate:
            # A damaged header; at 1 Hz, one chunk would become two gigabytes.
            if not 1_000 <= new_rate <= 1_000_000:
                raise AudioError(f"{name}: is damaged: its sample rate is {new_rate} Hz")
            if stream is not None:
                yield stream.resample_chunk(np.empty(0, np.float32), last=True)
            rate, stream = new_rate, None
            if rate != SAMPLE_RATE:
                stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        yield samples if stream is None else stream.resample_chunk(samples)
    if stream is not None:
        # The filter still holds the last samples.
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _regroup(pieces: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    size = BLOCK_S * SAMPLE_RATE
    block, filled = np.empty(size, np.float32), 0
    for piece in pieces:
        while len(piece):
            taken = piece[: size - filled]
            block[filled : filled + len(taken)] = taken
            filled += len(taken)
            piece = piece[len(taken) :]
            if filled == size:
                yield block
                block, filled = np.empty(size, np.float32), 0
    if filled:
        yield block[:filled].copy()


def _check_finite(name: str, block: NDArray[np.float32], n_before: int) -> None:
    with np.errstate(all="ignore"):
        # A cheap first look: one NaN or infinity shows in the sum.
        if np.isfinite(block.sum()) or np.isfinite(block).all():
            return
    at_s = (n_before + int(np.argmin(np.isfinite(block)))) / SAMPLE_RATE
    raise AudioError(f"{name}: holds values that are not finite (NaN or infinity) at {at_s:.1f} s")


def _check_length(name: str, length_s: float | None, max_duration_s: float | None) -> None:
    if max_duration_s is not None and length_s is not None and length_s > max_duration_s:
        raise AudioError(
            f"{name}: is too long: {length_s:.1f} s or more; max_duration_s is {max_duration_s}"
        )
