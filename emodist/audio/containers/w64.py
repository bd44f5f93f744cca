"""Sony Wave64: chunks named by GUIDs, their sizes of 64 bits with the 24 bytes of their heads."""

from emodist.audio.containers.promise import MAX_CHUNKS, Extent, is_placeholder, number
from emodist.audio.source import Source


def extent(source: Source) -> Extent | None:
    at = 40
    with source.opened() as view:
        for _ in range(MAX_CHUNKS):
            view.seek(at)
            name, size = view.read(16)[:4], number(view, at + 16, 8)
            if name == b"data":
                # The head is counted, also in a size that is not known yet.
                is_known = size > 24 and not is_placeholder(size, 64) and size < 1 << 62
                return Extent(at + 24, at + size) if is_known else None
            if size < 24:
                return None
            at += size + -size % 8
    return None
