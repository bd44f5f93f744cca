"""Arrow sources that hold nothing of Python's.

Arrow's threads let go of a file some time after they have read it. If that is a Python object and
the interpreter is shutting down, the thread cannot have the interpreter's lock and the process
aborts ("terminate called without an active exception", exit code 134), after all was done and
said. So Arrow is given native files and buffers of its own memory, and nothing else.
"""

import contextlib
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from emodist import storage


def buffer(parts: Mapping[int, bytes], size: int) -> pa.Buffer:
    """Arrow's own copy of parts of a file, by where they start.

    What lies between them is undefined, and takes no memory: pages that nobody touches are none.
    """
    made = pa.allocate_buffer(size)
    view = np.frombuffer(made, np.uint8)
    for start, part in parts.items():
        view[start : start + len(part)] = np.frombuffer(part, np.uint8)
    return made


def reader(data: bytes) -> pa.BufferReader:
    """A source with the given content."""
    return pa.BufferReader(buffer({0: data}, len(data)))


@contextlib.contextmanager
def opened(uri: str) -> Iterator[pa.NativeFile]:
    """A file as a source: a local one is mapped, an object is fetched whole."""
    if storage.is_remote(uri):
        yield reader(storage.read(uri))
        return
    with pa.memory_map(storage.absolute(uri)) as file:
        yield file
