"""What a file is before anything decodes it: a local path or a seekable binary file object.

Whatever cannot be sound is refused here, by name and with the reason. Everyone who reads a file
object has a view of it with a place of its own: decoders and headers do not disturb each other.
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
    """What the headers of a file say about the audio stream that is read.

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


class View:
    """A part of a file, as a binary file that knows its own place.

    `error` keeps what reading raised: C code between it and us would swallow it.
    """

    def __init__(self, file: BinaryIO, start: int, size: int):
        self.file = file
        self._start, self._size, self._at = start, size, 0
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._at
        if left <= 0:
            # Nothing is asked of the file, to which a damaged header may lead too far.
            return b""
        try:
            self.file.seek(self._start + self._at)
            data = self.file.read(left if size < 0 else min(size, left))
        except Exception as error:
            self.error = error
            raise
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


@dataclass(frozen=True)
class Source:
    """A file that exists, is not empty, and may hold sound; or a part of it.

    Attributes
    ----------
    name : str
        For messages.
    path : str or None
        Absolute; None for a file object, and for a part of a file.
    file : binary file object or None
        Left open.
    head : bytes
        The first 4096 bytes, fewer in a smaller file.
    size : int, bytes
    start : int, bytes
        Where the part begins in the file.
    """

    name: str
    path: str | None
    file: BinaryIO | None
    head: bytes
    size: int
    start: int = 0

    @contextmanager
    def opened(self) -> Iterator[View]:
        """The file from its first byte; closed afterwards if it was opened here."""
        if self.file is not None:
            yield View(self.file, self.start, self.size)
        else:
            assert self.path is not None
            with open(self.path, "rb") as file:
                yield View(file, 0, self.size)

    @contextmanager
    def part(self, start: int, end: int | None = None) -> Iterator["Source"]:
        """What lies between two bytes, as a file by itself."""
        end = self.size if end is None else min(end, self.size)
        with self.opened() as view:
            view.seek(start)
            head = view.read(min(_HEAD_BYTES, end - start))
            yield Source(self.name, None, view.file, head, end - start, self.start + start)


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
