"""MP4, MOV and their kin: boxes, of which `moov` is the index."""

from collections.abc import Iterator

from emodist.audio.containers.promise import MAX_CHUNKS, Extent
from emodist.audio.source import Source

# Of the index, in which the way of encryption is named.
_INDEX_BYTES = 1 << 24


def extent(source: Source) -> Extent | None:
    """Of fragments, which state their own length alone; elsewhere the index counts samples."""
    is_fragmented, end = False, 0
    for name, start, size in _boxes(source):
        is_fragmented = is_fragmented or name == b"moof"
        end = start + size
    return Extent(0, end, is_open=True) if is_fragmented else None


def has_index(source: Source) -> bool:
    """Whether it has its index; a recorder writes it last, when it is told to stop."""
    return any(
        name == b"moov" and start + size <= source.size for name, start, size in _boxes(source)
    )


def encryption(source: Source) -> str | None:
    for name, start, size in _boxes(source):
        if name == b"moov":
            with source.opened() as view:
                view.seek(start)
                index = view.read(min(size, _INDEX_BYTES))
            for entry in (b"drms", b"enca", b"aavd", b"drma"):
                if entry in index:
                    at = index.find(b"schm")
                    scheme = index[at + 8 : at + 12] if at > 0 else entry
                    return scheme.decode("ascii", "replace")
    return None


def _boxes(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and size of the outermost boxes."""
    at = 0
    with source.opened() as view:
        for _ in range(MAX_CHUNKS):
            view.seek(at)
            head = view.read(16)
            if len(head) < 8:
                return
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            elif size == 0:  # to the end
                size = source.size - at
            if size < 8:
                return
            yield head[4:8], at, size
            at += size
