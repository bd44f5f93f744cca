"""What a file is before anything decodes it: a local path or a seekable binary file object.

Whatever cannot be sound is refused here, by name and with the reason.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from emodist.errors import AudioError

SAMPLE_RATE = 16_000
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class AudioInfo:
    """What the headers of a file say about its first audio stream.

    Attributes
    ----------
    duration_s : float or None, seconds
        None where the headers do not say; FFmpeg's guess from the bit rate for an MP3 or AAC
        file that has no header of its own.
    codec : str
        The decoder's name for it, as `aac`, `opus`, `pcm_16`.
    n_channels, sample_rate : int
        Before the downmix and the resampling.
    """

    duration_s: float | None
    codec: str
    n_channels: int
    sample_rate: int


@dataclass(frozen=True)
class Source:
    """A file that exists, is not empty, and may hold sound.

    Attributes
    ----------
    name : str
        For messages.
    path : str or None
        Absolute; None for a file object.
    file : binary file object or None
        Read from its start, and left open.
    head : bytes
        The first 4096 bytes, fewer in a smaller file.
    size : int, bytes
    """

    name: str
    path: str | None
    file: BinaryIO | None
    head: bytes
    size: int

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file at its first byte; closed afterwards if it was opened here."""
        if self.file is not None:
            self.file.seek(0)
            yield self.file
        else:
            assert self.path is not None
            with open(self.path, "rb") as file:
                yield file

    @property
    def container(self) -> str:
        """Container by content: wav, aiff, flac, mov, matroska, or an empty string."""
        head = self.head
        if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
            return "wav"
        if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            return "aiff"
        if head[:4] == b"fLaC":
            return "flac"
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return "mov"
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return "matroska"
        return ""


def open_source(source: str | os.PathLike | BinaryIO) -> Source:
    """Look at a file without decoding it.

    Raises
    ------
    AudioError
        If it is missing, unreadable, empty, not a regular file, or a Git LFS pointer.
    """
    if isinstance(source, str | os.PathLike):
        path = os.path.abspath(os.fsdecode(source))
        name = os.fsdecode(source).encode("utf-8", "backslashreplace").decode()
        try:
            # A named pipe would block the open, so ask first.
            mode = os.stat(path).st_mode
            if stat.S_ISDIR(mode):
                raise AudioError(f"{name}: is a folder, not a media file")
            if not stat.S_ISREG(mode):
                raise AudioError(f"{name}: is not a regular file")
            with open(path, "rb") as file:
                head = file.read(_HEAD_BYTES)
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise AudioError(f"{name}: no such file") from None
        except (OSError, ValueError) as error:
            raise AudioError(f"{name}: cannot be read: {error}") from error
        opened = Source(name, path, None, head, size)
    else:
        name = str(getattr(source, "name", None) or getattr(source, "path", "") or "file object")
        source.seek(0)
        head = source.read(_HEAD_BYTES)
        source.seek(0, os.SEEK_END)
        opened = Source(name, None, source, head, source.tell())
    if not opened.head:
        raise AudioError(f"{name}: is empty (0 bytes)")
    if opened.head.startswith(b"version https://git-lfs"):
        raise AudioError(
            f"{name}: is a Git LFS pointer, not the sound itself; fetch it with `git lfs pull`"
        )
    return opened
