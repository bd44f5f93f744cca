"""Files with something wrong in them: a mutation of a whole one, decided by a generator."""

import numpy as np

# What programs that do not know a size leave, and what overflows.
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
# Fields of a header lie in so much of the start and of the end.
HEADER_BYTES = 1024


def bits(data: bytearray, rng: np.random.Generator) -> bytes:
    """A few bits are others."""
    for _ in range(int(rng.integers(1, 65))):
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def field(data: bytearray, rng: np.random.Generator) -> bytes:
    """A number of a header is another, at one of its ends."""
    width = int(rng.choice([1, 2, 4, 8]))
    at = int(rng.integers(min(HEADER_BYTES, len(data) - width)))
    if rng.random() < 0.25:
        at = len(data) - width - at
    number = int(rng.choice(NUMBERS)) if rng.random() < 0.7 else int(rng.integers(2**32))
    order = "big" if rng.random() < 0.5 else "little"
    data[at : at + width] = (number % 256**width).to_bytes(width, order)
    return bytes(data)


def cut(data: bytearray, rng: np.random.Generator) -> bytes:
    """The end is missing."""
    return bytes(data[: int(rng.integers(1, len(data)))])


def headless(data: bytearray, rng: np.random.Generator) -> bytes:
    """The start is missing."""
    return bytes(data[int(rng.integers(1, len(data) // 2)) :])


def hole(data: bytearray, rng: np.random.Generator) -> bytes:
    """Something is missing in the middle."""
    start, end = _span(data, rng)
    return bytes(data[:start] + data[end:])


def zeros(data: bytearray, rng: np.random.Generator) -> bytes:
    """A stretch is zero, as of a disk that lost a block."""
    start, end = _span(data, rng)
    return bytes(data[:start] + bytes(end - start) + data[end:])


def swap(data: bytearray, rng: np.random.Generator) -> bytes:
    """Two neighbouring pieces have changed places."""
    start, end = _span(data, rng)
    middle = int(rng.integers(start, end + 1))
    return bytes(data[:start] + data[middle:end] + data[start:middle] + data[end:])


def twice(data: bytearray, rng: np.random.Generator) -> bytes:
    """A piece is there twice."""
    start, end = _span(data, rng)
    return bytes(data[:end] + data[start:])


def foreign(data: bytearray, rng: np.random.Generator) -> bytes:
    """Bytes of something else are put in, or follow the end."""
    start, end = _span(data, rng)
    others = rng.bytes(min(end - start, 65_536))
    if rng.random() < 0.5:
        start = len(data)
    return bytes(data[:start]) + others + bytes(data[start:])


WAYS = (bits, field, cut, headless, hole, zeros, swap, twice, foreign)


def mutant(data: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """What was done to a file, and what came of it."""
    way = WAYS[int(rng.integers(len(WAYS)))]
    return way.__name__, way(bytearray(data), rng)


def _span(data: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    """A piece of up to a third, more often short than long."""
    size = max(1, int(len(data) / 3 * rng.random() ** 3))
    start = int(rng.integers(len(data) - size + 1))
    return start, start + size
