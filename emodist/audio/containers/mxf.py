"""MXF: the header's partition pack says where the footer lies."""

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source

_PARTITION = bytes.fromhex("060e2b34020501010d010201010204")


def extent(source: Source) -> Extent | None:
    head = source.head
    if head[:14] != _PARTITION[:14] and not head.startswith(_PARTITION[:13]):
        return None
    # Key of 16 bytes, a BER length, then versions, sizes and places (SMPTE 377-1, 7.1).
    value = 17 + (head[16] & 0x7F if head[16] & 0x80 else 0)
    footer = int.from_bytes(head[value + 24 : value + 32], "big")
    return Extent(0, footer + 1) if footer else None
