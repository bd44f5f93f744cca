"""MPEG transport streams: packets that may be scrambled."""

from emodist.audio.source import Source


def encryption(source: Source) -> str | None:
    head = source.head
    for size, first in ((188, 0), (192, 4), (204, 0)):
        starts = range(first, len(head) - 4, size)
        if all(head[at] == 0x47 for at in starts):
            with source.opened() as view:
                data = view.read(size * 5000)
            starts = range(first, len(data) - 4, size)
            # The null packets of 0x1FFF are filling.
            scrambled = sum(data[at + 3] >> 6 > 1 and data[at] == 0x47 for at in starts)
            return "scrambled" if scrambled > 0.1 * len(starts) else None
    return None
