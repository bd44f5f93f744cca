"""Matroska and WebM: everything lies in one segment, whose size a live one does not know."""

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source

_SEGMENT = 0x18538067
_ENCODINGS, _ENCRYPTION = b"\x6d\x80", b"\x50\x35"
_TRACKS_BYTES = 1 << 20


def extent(source: Source) -> Extent | None:
    at = 0
    for _ in range(8):
        name, after_name = _number(source.head, at, keep_marker=True)
        size, after_size = _number(source.head, after_name)
        if name is None or size is None:
            return None
        at = after_size + size
        if name == _SEGMENT:
            is_live = size == (1 << 7 * (after_size - after_name)) - 1
            return None if is_live else Extent(0, at)
    return None


def encryption(source: Source) -> str | None:
    with source.opened() as view:
        start = view.read(_TRACKS_BYTES)
    at = start.find(_ENCODINGS)
    return "ContentEncryption" if at > 0 and _ENCRYPTION in start[at : at + 64] else None


def _number(data: bytes, at: int, keep_marker: bool = False) -> tuple[int | None, int]:
    """A variable-length number of EBML (RFC 8794, section 4) and where it ends."""
    if at >= len(data) or data[at] == 0:
        return None, at
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None, at
    number = int.from_bytes(data[at : at + length], "big")
    return (number if keep_marker else number & ((1 << 7 * length) - 1)), at + length
