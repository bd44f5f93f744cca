"""The sound of any media file as blocks of float32, mono, 16 kHz, in bounded memory.

Channels are mixed by their plain mean, then resampled by soxr at quality HQ: the same for every
decoder, because another mix or resampler moves the features. Values are nominally within
[-1, 1]; a float file or a lossy codec may exceed that, and nothing is clipped.

Each decoder's library is imported where a file needs it.
"""

import dataclasses
import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from emodist.audio import containers
from emodist.audio.readers import Account, Channels, Reader, check_complete, encrypted
from emodist.audio.source import SAMPLE_RATE, AudioInfo, Source, open_source
from emodist.errors import AudioError, ConfigError, GaveUpError
from emodist.registry import suggest

BLOCK_S = 10
DECODERS = ("auto", "moviepy", "pyav", "soundfile")
# Samples in the hundred thousands are integers written as floats; these are damage.
_ABSURD = 1e9
# Of a file that lacks less than this, nothing need be said.
_WORTH_A_WORD_S = 0.1

Damaged = Literal["refuse", "keep"]
# Mono samples and their rate.
Chunk = tuple[NDArray[np.float32], int]

__all__ = ["BLOCK_S", "DECODERS", "SAMPLE_RATE", "AudioInfo", "Blocks", "blocks", "probe"]


class Blocks(Iterator[NDArray[np.float32]]):
    """The sound of a file, block after block, and in `account` what there is to say of it."""

    def __init__(self, blocks: Generator[NDArray[np.float32], None, None], account: Account):
        self._blocks = blocks
        self.account = account

    def __next__(self) -> NDArray[np.float32]:
        return next(self._blocks)

    def close(self) -> None:
        self._blocks.close()


def blocks(
    source: str | os.PathLike | BinaryIO,
    decoder: str = "auto",
    max_duration_s: float | None = None,
    channels: Channels = "mean",
    track: str | None = None,
    damaged: Damaged = "refuse",
) -> Blocks:
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
    channels : {"mean", "left", "right", "max"}
        See `readers.Downmix`.
    track : str, optional
        A number from 1, or a language; see `tracks.choose`.
    damaged : {"refuse", "keep"}
        Whether a file that lacks some of its sound is refused, or read as far as it can be, with
        what is wrong in `account.damage`.

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
        If the decoder, the way to mix channels or what to do with damage is unknown.
    """
    for what, said, known in (
        ("decoder", decoder, DECODERS),
        ("way to mix channels", channels, get_args(Channels)),
        ("way with damage", damaged, get_args(Damaged)),
    ):
        if said not in known:
            raise ConfigError(f"there is no {what} {said!r}; {suggest(said, known)}")
    if decoder == "moviepy" and track is not None:
        raise ConfigError("moviepy has FFmpeg choose the track; track needs decoder=auto")
    account = Account()
    how = _How(decoder, channels, track, damaged, account)
    return Blocks(_blocks(source, how, max_duration_s), account)


def probe(source: str | os.PathLike | BinaryIO) -> AudioInfo:
    """What the headers say about the audio track that would be read; nothing is decoded.

    Raises
    ------
    AudioError
        If the file cannot be opened, has no audio stream, or is visibly cut off (WAV, Matroska).
    """
    opened = open_source(source)
    with closing(_open(opened, _How())) as reader:
        _check_bytes(opened.name, reader)
        if reader.share < 0.98:
            raise AudioError(
                f"{opened.name}: truncated: only {reader.share:.0%} of the bytes are there that "
                "its header announces"
            )
        return reader.info


@dataclasses.dataclass
class _How:
    """What was asked for, and what is found."""

    decoder: str = "auto"
    channels: Channels = "mean"
    track: str | None = None
    damaged: Damaged = "refuse"
    account: Account = dataclasses.field(default_factory=Account)

    @contextmanager
    def judging(self, name: str) -> Iterator[None]:
        """Refuse for a reason, or keep and note it."""
        try:
            yield
        except AudioError as error:
            if self.damaged == "refuse":
                raise
            self.account.damage = self.account.damage or str(error).removeprefix(f"{name}: ")


def _blocks(
    source, how: _How, max_duration_s: float | None
) -> Generator[NDArray[np.float32], None, None]:
    opened = open_source(source)
    n_samples = 0
    for block in _regroup(_resample(opened.name, _recordings(opened, how, max_duration_s))):
        _check_finite(opened.name, block, n_samples)
        n_samples += len(block)
        _check_length(opened.name, n_samples / SAMPLE_RATE, max_duration_s)
        yield block
    if not n_samples:
        raise AudioError(f"{opened.name}: has an audio stream, but not one sample came out")


def _recordings(whole: Source, how: _How, max_duration_s: float | None) -> Iterator[Chunk]:
    """The sound of a file, and of all recordings that are joined on to it."""
    at = 0
    while True:
        with whole.part(at) if at else nullcontext(whole) as source:
            try:
                reader = _open(source, how)
            except AudioError as error:
                if not at:
                    raise
                how.account.remark = f"what is joined on to it cannot be read: {error}"
                return
            with closing(reader):
                with how.judging(whole.name):
                    _check_bytes(whole.name, reader)
                _check_length(whole.name, reader.declared_s, max_duration_s)
                yield from _checked(source, reader, how, is_first=not at)
                if reader.rest is None:
                    return
                at += reader.rest


def _checked(source: Source, reader: Reader, how: _How, is_first: bool) -> Iterator[Chunk]:
    """The sound of one recording; afterwards its account is complete."""
    from emodist.audio.soundfile_reader import SoundfileReader

    account, found_s = how.account, 0.0
    if is_first:
        account.tracks, account.track = reader.tracks, reader.track
    chunks = reader.chunks()
    if how.decoder == "auto" and isinstance(reader, SoundfileReader):
        chunks = _despite_damage(source, reader, how)
    for samples, rate in chunks:
        if is_first:
            account.offset_s, is_first = reader.offset_s, False
        found_s += len(samples) / rate
        yield samples, rate
    lost_s = reader.lost_s
    if lost_s > found_s / 2 and (scheme := containers.encryption(source)):
        raise AudioError(f"{source.name}: {encrypted(scheme)}")
    if not found_s + lost_s:
        return
    promised_s = reader.declared_s or (found_s / reader.share if reader.share else None)
    absent_s = max(0.0, (promised_s or 0.0) - found_s)
    # Sums of clocks; what is below a microsecond is of their rounding.
    account.filled_s = round(account.filled_s + reader.filled_s, 6)
    account.lost_s = round(account.lost_s + lost_s + absent_s, 6)
    account.remark = reader.mix.remark() or account.remark
    with how.judging(source.name):
        if reader.damage:
            raise AudioError(f"{source.name}: {reader.damage}")
        check_complete(source.name, promised_s, found_s, lost_s, reader.is_exact)
        if absent_s > _WORTH_A_WORD_S and (reader.is_exact or reader.share < 1):
            account.remark = account.remark or f"its last {absent_s:.2f} s are missing"


def _check_bytes(name: str, reader: Reader) -> None:
    """Refuse a file that is cut off before anything of it is decoded, if its length is known."""
    if reader.share < 1 and reader.declared_s:
        there_s = reader.share * reader.declared_s
        check_complete(name, reader.declared_s, there_s, is_exact=reader.is_exact)


def _open(source: Source, how: _How) -> Reader:
    if how.decoder == "moviepy":
        from emodist.audio.moviepy_reader import MoviepyReader

        return MoviepyReader(source, how.channels)
    is_plain = containers.of(source) in ("wav", "flac", "aiff")
    if how.decoder == "soundfile" or (how.decoder == "auto" and is_plain):
        from emodist.audio.soundfile_reader import SoundfileReader

        try:
            return SoundfileReader(source, how.channels)
        except GaveUpError:
            if how.decoder == "soundfile":
                raise
    from emodist.audio.pyav_reader import PyavReader

    return PyavReader(source, how.channels, how.track)


def _despite_damage(source: Source, reader: Reader, how: _How) -> Iterator[Chunk]:
    """Go on with PyAV where libsndfile gives up: it skips damaged frames of a FLAC."""
    n_done = 0
    try:
        for samples, rate in reader.chunks():
            n_done += len(samples)
            yield samples, rate
    except GaveUpError:
        from emodist.audio.pyav_reader import PyavReader

        with closing(PyavReader(source, how.channels)) as other:
            for samples, rate in other.chunks():
                rest = samples[n_done:]
                n_done = max(0, n_done - len(samples))
                yield rest, rate
            reader.lost_s = other.lost_s


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
    # One comparison finds what is infinite, too large, or no number.
    if max(block.max(), -block.min()) < _ABSURD:
        return
    is_finite = bool(np.isfinite(block).all())
    is_good = np.abs(block) < _ABSURD if is_finite else np.isfinite(block)
    at_s = (n_before + int(np.argmin(is_good))) / SAMPLE_RATE
    what = "no sound (full scale is 1)" if is_finite else "not finite (NaN or infinity)"
    raise AudioError(f"{name}: holds values that are {what} at {at_s:.1f} s")


def _check_length(name: str, length_s: float | None, max_duration_s: float | None) -> None:
    if max_duration_s is not None and length_s is not None and length_s > max_duration_s:
        raise AudioError(
            f"{name}: is too long: {length_s:.1f} s or more; max_duration_s is {max_duration_s}"
        )
