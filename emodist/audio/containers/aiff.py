"""AIFF and AIFC: the samples are the chunk `SSND`."""

from emodist.audio.containers.promise import Extent, chunks, is_placeholder
from emodist.audio.source import Source

# What sox leaves in a pipe.
_SOX = range(0x7F000000, 0x7F001000)


def extent(source: Source) -> Extent | None:
    with source.opened() as view:
        for name, size, at in chunks(view, 12, source.size, "big"):
            if name == b"SSND":
                return None if is_placeholder(size) or size in _SOX else Extent(at, at + size)
    return None
