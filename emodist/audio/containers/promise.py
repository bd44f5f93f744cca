"""Where the bytes of a sound should lie, and the readers of numbers that all headers share."""

import dataclasses
import os
from collections.abc import Iterator

from emodist.audio.source import View

# Nothing has so many chunks before its sound; a damaged file may.
MAX_CHUNKS = 10_000
# What writes to a pipe cannot know the length, and leaves the largest number that fits, less
# what stands around the sound.
_PLACEHOLDER_SLACK = 1 << 16


@dataclasses.dataclass(frozen=True)
class Extent:
    """From the first byte of the sound to behind its last, as a header has it.

    `is_open`: the header is one of a part, and does not say how many parts there should be.
    """

    start: int
    end: int
    is_open: bool = False

    def share(self, size: int) -> float:
        """How much of it is there in a file of so many bytes.

        Examples
        --------
        >>> Extent(100, 200).share(150)
        0.5
        """
        if self.end <= max(self.start, size):
            return 1.0
        return max(0, size - self.start) / (self.end - self.start)


def is_placeholder(size: int, bits: int = 32) -> bool:
    """Whether a size stands for "unknown": nothing, or a number near the largest.

    Examples
    --------
    >>> [is_placeholder(size) for size in (0, 0x80000000, 0xFFFFFFDA, 44_100)]
    [True, True, True, False]
    """
    if size == 0:
        return True
    half = 1 << bits - 1
    return any(-_PLACEHOLDER_SLACK < size - top <= 4096 for top in (half, 2 * half))


def number(view: View, at: int, n_bytes: int, order: str = "little") -> int:
    """An unsigned integer of a file; IndexError where the file ends before."""
    view.seek(at)
    data = view.read(n_bytes)
    if len(data) < n_bytes:
        raise IndexError(at)
    return int.from_bytes(data, "big" if order == "big" else "little")


def chunks(view: View, at: int, size: int, order: str = "little") -> Iterator[tuple]:
    """Name, size and place of each IFF chunk, by their sizes alone.

    A chunk of odd size is followed by a byte of padding, which some writers forget.
    """
    for _ in range(MAX_CHUNKS):
        if at + 8 > size:
            return
        view.seek(at, os.SEEK_SET)
        head = view.read(8)
        name, length = head[:4], int.from_bytes(head[4:], "big" if order == "big" else "little")
        yield name, length, at + 8
        at += 8 + length
        if length & 1 and at + 5 <= size:
            view.seek(at)
            after = view.read(5)
            at += not is_name(after[:4]) or is_name(after[1:])


def is_name(data: bytes) -> bool:
    """Whether four bytes may be the name of a chunk."""
    return len(data) == 4 and all(32 <= byte < 127 for byte in data)
