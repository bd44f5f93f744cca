"""Apple's Core Audio Format: chunks with sizes of 64 bits; -1 is "to the end"."""

from emodist.audio.containers.promise import MAX_CHUNKS, Extent, is_placeholder, number
from emodist.audio.source import Source


def extent(source: Source) -> Extent | None:
    at = 8
    with source.opened() as view:
        for _ in range(MAX_CHUNKS):
            view.seek(at)
            name, size = view.read(4), number(view, at + 4, 8, "big")
            if name == b"data":
                return None if is_placeholder(size, 64) else Extent(at + 12, at + 12 + size)
            at += 12 + size
    return None
