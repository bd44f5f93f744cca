"""FLV: its script data has the size of the file and the time of its end, if the writer knew."""

import struct

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source


def extent(source: Source) -> Extent | None:
    size = _property(source.head, b"filesize")
    if size and size > source.size:
        return Extent(0, int(size))
    duration_s = _property(source.head, b"duration")
    last_s = _last_s(source)
    if duration_s and last_s is not None and last_s < duration_s - 0.5:
        # Sound and pictures are interleaved: what lasts so long would take so many bytes.
        return Extent(0, int(source.size * duration_s / max(last_s, 0.001)))
    return None


def _property(head: bytes, name: bytes) -> float | None:
    """A number of the script data (AMF 0: name, a zero, eight bytes)."""
    at = head.find(name + b"\0")
    if at < 0:
        return None
    (value,) = struct.unpack(">d", head[at + len(name) + 1 : at + len(name) + 9])
    return value if value == value and 0 < value < 1e15 else None


def _last_s(source: Source) -> float | None:
    """Time of the last whole tag, each of which is preceded by the size of the one before."""
    last_s, at = None, 9 + 4
    with source.opened() as view:
        view.seek(max(0, source.size - 4))
        size = int.from_bytes(view.read(4), "big")
        view.seek(max(0, source.size - 4 - size))
        tag = view.read(11)
        if size > 11 and len(tag) == 11 and int.from_bytes(tag[1:4], "big") == size - 11:
            return int.from_bytes(tag[7:8] + tag[4:7], "big") / 1000
        # The end is not whole: go from the start.
        while at + 11 <= source.size:
            view.seek(at)
            tag = view.read(11)
            length = int.from_bytes(tag[1:4], "big")
            if at + 11 + length > source.size:
                break
            last_s = int.from_bytes(tag[7:8] + tag[4:7], "big") / 1000
            at += 15 + length
    return last_s
