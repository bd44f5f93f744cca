"""Sun AU (`.au`, `.snd`) in both byte orders."""

import struct

from emodist.audio.containers.promise import Extent, is_placeholder
from emodist.audio.source import Source


def extent(source: Source) -> Extent | None:
    order = ">" if source.head[:4] == b".snd" else "<"
    start, size = struct.unpack(f"{order}II", source.head[4:12])
    return None if is_placeholder(size) else Extent(start, start + size)
