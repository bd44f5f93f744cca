"""Creative's Voice File: blocks with sizes of 24 bits, then a zero."""

from emodist.audio.containers.promise import Extent, number
from emodist.audio.source import Source

_MAX_BLOCKS = 1_000_000


def extent(source: Source) -> Extent | None:
    at = int.from_bytes(source.head[20:22], "little")
    with source.opened() as view:
        for _ in range(_MAX_BLOCKS):
            if at >= source.size:
                break
            head = number(view, at, min(4, source.size - at))
            if head & 0xFF == 0:
                return Extent(0, at + 1)
            if head >> 8 in (0, 0xFFFFFF):  # written to a pipe
                return None
            at += 4 + (head >> 8)
    # Each block knows its own length alone; some writers forget the zero behind the last.
    return Extent(0, at, is_open=True)
