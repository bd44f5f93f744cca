"""Ogg: pages of logical streams; whole recordings may be chained, one behind the other."""

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source

_PAGE = b"OggS\0"
_TAIL_BYTES = 1 << 17
_BLOCK = 1 << 20


def extent(source: Source) -> Extent | None:
    with source.opened() as view:
        first = view.seek(max(0, source.size - _TAIL_BYTES))
        tail = view.read()
    for at in reversed(_pages(tail)):
        table = tail[at + 27 : at + 27 + tail[at + 26]] if at + 27 <= len(tail) else b""
        return Extent(0, first + at + 27 + len(table) + max(1, sum(table)), is_open=True)
    return None


def rest(source: Source) -> int | None:
    """Where a further recording begins that FFmpeg would not go on with: of other streams."""
    first = {
        source.head[at + 14 : at + 18] for at in _pages(source.head) if source.head[at + 5] & 2
    }
    with source.opened() as view:
        view.seek(max(0, source.size - _TAIL_BYTES))
        tail = view.read()
        pages = [at for at in _pages(tail) if at + 18 <= len(tail)]
        if not pages or tail[pages[-1] + 14 : pages[-1] + 18] in first:
            return None
        is_past_start, at, block = False, 0, b""
        view.seek(0)
        while new := view.read(_BLOCK):
            # The head of a page may lie across the border.
            at, block = at + max(0, len(block) - 18), block[-18:] + new
            for page in _pages(block):
                if page + 18 > len(block):
                    break
                is_start = block[page + 5] & 2
                if is_start and is_past_start:
                    return at + page
                is_past_start = is_past_start or not is_start
    return None


def _pages(data: bytes) -> list[int]:
    found, at = [], data.find(_PAGE)
    while at >= 0 and at + 6 <= len(data):
        found.append(at)
        at = data.find(_PAGE, at + 1)
    return found
