"""What the bytes of a container promise, so that a file that was cut off is noticed.

Decoders end quietly where the bytes end. Only lengths that a header states are read here; a
stream that states none (Ogg, MPEG-TS, a live WebM) is taken as it is.
"""

import os
import struct
from typing import BinaryIO

from emodist.audio.source import Source

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_MAX_CHUNKS = 10_000


def wav_duration_s(source: Source) -> float | None:
    """Length that the `data` chunk of a WAV claims; None for the placeholders of live writers."""
    order = ">" if source.head[:4] == b"RIFX" else "<"
    bytes_per_s = 0
    long_size = None
    with source.opened() as file:
        for name, size, at in _chunks(file, source.size, order):
            if name == b"ds64":
                file.seek(at + 8)
                (long_size,) = struct.unpack("<Q", file.read(8))
            elif name == b"fmt ":
                file.seek(at)
                tag, _, rate, average, align = struct.unpack(f"{order}HHIIH", file.read(14))
                bytes_per_s = rate * align if tag in (1, 3, 0xFFFE) else average
            elif name == b"data":
                if size == 0xFFFFFFFF and long_size:
                    size = long_size
                # 0 and sizes near 2 or 4 GiB stand for "unknown" in what writes to a pipe.
                if size == 0 or 0x7FFFF000 <= size <= 0x7FFFFFFF or size == 0xFFFFFFFF:
                    return None
                return size / bytes_per_s if bytes_per_s else None
    return None


def aiff_n_samples(source: Source) -> int | None:
    """Samples per channel that the `COMM` chunk of an AIFF claims."""
    with source.opened() as file:
        for name, _, at in _chunks(file, source.size, ">"):
            if name == b"COMM":
                file.seek(at + 2)
                return struct.unpack(">I", file.read(4))[0]
    return None


def mp3_n_frames(source: Source) -> int | None:
    """Frames that the Xing, Info or VBRI header of an MP3 counts; without one nobody knows."""
    start = 0
    if source.head[:3] == b"ID3":
        size = source.head[6:10]
        start = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    with source.opened() as file:
        file.seek(start)
        first = file.read(512)
    for tag, flags_at, count_at in ((b"Xing", 4, 8), (b"Info", 4, 8), (b"VBRI", None, 14)):
        at = first.find(tag)
        if at < 0 or len(first) < at + count_at + 4:
            continue
        if flags_at is None or first[at + flags_at + 3] & 1:
            return int.from_bytes(first[at + count_at : at + count_at + 4], "big")
    return None


def matroska_size(source: Source) -> int | None:
    """Bytes that a Matroska or WebM file should have; None for a live one of unknown size."""
    at = 0
    for _ in range(8):
        name, after_name = _ebml_number(source.head, at, keep_marker=True)
        size, after_size = _ebml_number(source.head, after_name)
        if name is None or size is None:
            return None
        at = after_size + size
        if name == _SEGMENT:
            return None if size == (1 << 7 * (after_size - after_name)) - 1 else at
    return None


def has_moov(source: Source) -> bool:
    """Whether an MP4 or MOV has its index; a recorder writes it last, when it is told to stop."""
    at = 0
    with source.opened() as file:
        for _ in range(_MAX_CHUNKS):
            file.seek(at)
            box = file.read(16)
            if len(box) < 8:
                return False
            if box[4:8] == b"moov":
                return at + int.from_bytes(box[:4], "big") <= source.size
            size = int.from_bytes(box[:4], "big")
            if size == 1:
                size = int.from_bytes(box[8:16], "big")
            if size < 8:
                return False
            at += size
    return False


def text_start(source: Source) -> str | None:
    """The first words of a file that is text, to be shown in a message; None if it is not."""
    start = source.head[:512]
    # The start may end within a character, so the last bytes may fail to decode.
    text = start.decode("utf-8", "ignore")
    if len(text.encode()) < len(start) - 3 or not text.strip():
        return None
    if any(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text):
        return None
    return " ".join(text.split())[:40]


def _chunks(file: BinaryIO, size: int, order: str):
    """Name, size and place of each IFF chunk, by their sizes alone."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > size:
            return
        file.seek(at, os.SEEK_SET)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        yield name, length, at + 8
        at += 8 + length + (length & 1)


def _ebml_number(data: bytes, at: int, keep_marker: bool = False) -> tuple[int | None, int]:
    """A variable-length number of EBML (RFC 8794, section 4) and where it ends."""
    if at >= len(data) or data[at] == 0:
        return None, at
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None, at
    number = int.from_bytes(data[at : at + length], "big")
    return (number if keep_marker else number & ((1 << 7 * length) - 1)), at + length
