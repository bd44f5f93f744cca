"""AVI: one RIFF of up to 2 GiB after the other."""

from emodist.audio.containers.promise import Extent, chunks, is_placeholder
from emodist.audio.source import Source


def extent(source: Source) -> Extent | None:
    end = None
    with source.opened() as view:
        for name, size, at in chunks(view, 0, source.size):
            if name != b"RIFF":
                break
            if is_placeholder(size):
                return None
            end = at + size
    return Extent(0, end) if end else None
