"""WAV, RIFX, RF64 and BW64: where the samples lie, whatever the size fields say.

Recorders and pipes leave placeholders for sizes that they did not know, and files over 4 GiB have
sizes that wrapped; then the file itself says how long it is, less the chunks after the samples.
"""

import dataclasses
import struct

import numpy as np

from emodist.audio.containers.promise import (
    Extent,
    chunks,
    is_name,
    is_placeholder,
    number,
)
from emodist.audio.source import Source, View

# Chunks after the samples are looked for in so much of the end.
_TAIL_BYTES = 1 << 20
_WRAP = 1 << 32
_SUBTYPES = {
    (1, 1): "PCM_U8", (1, 2): "PCM_16", (1, 3): "PCM_24", (1, 4): "PCM_32",
    (3, 4): "FLOAT", (3, 8): "DOUBLE", (6, 1): "ALAW", (7, 1): "ULAW",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Samples:
    """The samples of a WAV.

    Attributes
    ----------
    extent : Extent
    is_stated : bool
        Whether the header says so; else the file's own length does.
    subtype : str or None
        libsndfile's name for how a sample is written; None for codecs such as ADPCM.
    n_channels, sample_rate : int
    per_block : int
        Samples in a block of a codec.
    order : "little" or "big"
    n_counted : int or None
        Samples in each channel, of a codec whose blocks may hold more.
    """

    extent: Extent
    is_stated: bool
    subtype: str | None
    n_channels: int
    sample_rate: int
    per_block: int
    order: str
    n_counted: int | None


def samples(source: Source) -> Samples | None:
    """None where there is no format or no `data` chunk, or where they are cut off."""
    try:
        return _samples(source)
    except (IndexError, struct.error):
        return None


def extent(source: Source) -> Extent | None:
    found = samples(source)
    return found.extent if found and found.is_stated else None


def _samples(source: Source) -> Samples | None:
    order = "big" if source.head[:4] == b"RIFX" else "little"
    long_size = described = n_counted = None
    with source.opened() as view:
        for name, size, at in chunks(view, 12, source.size, order):
            if name == b"ds64":
                long_size = number(view, at + 8, 8)
            elif name == b"fmt ":
                described = _format(view, at, size, order)
            elif name == b"fact":
                n_counted = number(view, at, 4, order) or None
            elif name == b"data":
                if described is None:
                    return None
                is_long = source.head[:4] in (b"RF64", b"BW64") and long_size is not None
                if is_long and size == 0xFFFFFFFF:
                    size = long_size or 0
                end, is_stated = _end(view, source.size, at, size, is_long)
                return Samples(Extent(at, end), is_stated, *described, order, n_counted)
    return None


def _format(view: View, at: int, size: int, order: str) -> tuple[str | None, int, int, int]:
    view.seek(at)
    data = view.read(min(size, 26))
    mark = ">" if order == "big" else "<"
    tag, n_channels, rate, _, align = struct.unpack(f"{mark}HHIIH", data[:14])
    if tag == 0xFFFE and len(data) == 26:  # "extensible": the tag proper comes later
        (tag,) = struct.unpack(f"{mark}H", data[24:])
    width = align // n_channels if n_channels else 0
    subtype = _SUBTYPES.get((tag, width)) if align == width * n_channels else None
    per_block = struct.unpack(f"{mark}H", data[18:20])[0] if len(data) >= 20 else 0
    return subtype, n_channels, rate, per_block


def _end(view: View, file_size: int, at: int, size: int, is_long: bool) -> tuple[int, bool]:
    """Where the samples end, and whether the header says so."""
    there = file_size - at
    if is_long and size < 1 << 62 and size:
        return at + size, True
    if is_placeholder(size, 64 if is_long else 32):
        if size == 0 or size > there or not _is_chunk(view, at + size, file_size):
            return _before_chunks(view, at, file_size), False
        return at + size, True
    if there - size >= _WRAP:
        return at + size + (there - size) // _WRAP * _WRAP, False
    return at + size, True


def _is_chunk(view: View, at: int, file_size: int) -> bool:
    at += at & 1
    if at >= file_size:
        return True
    view.seek(at)
    head = view.read(8)
    return is_name(head[:4]) and at + 8 + int.from_bytes(head[4:], "little") <= file_size + 1


def _before_chunks(view: View, at: int, file_size: int) -> int:
    """Where the chunks begin that end the file, each of which says how long it is."""
    first = max(at, file_size - _TAIL_BYTES)
    view.seek(first)
    tail = np.frombuffer(view.read(file_size - first), np.uint8)
    end = len(tail)
    if end < 12:
        return file_size
    is_text = (tail > 31) & (tail < 127)
    begin = np.flatnonzero(is_text[:-7] & is_text[1:-6] & is_text[2:-5] & is_text[3:-4])
    sizes = np.sum([tail[begin + 4 + k].astype(np.int64) << 8 * k for k in range(4)], axis=0)
    # An empty chunk, or one of a few bytes, may be samples by chance.
    begin, sizes = begin[sizes >= 4], sizes[sizes >= 4]
    ends = begin + 8 + sizes
    while len(found := begin[(ends == end) | (ends + (sizes & 1) == end)]):
        # The outermost of those that end here: a list has chunks of its own.
        end = int(found[0])
    return first + end
