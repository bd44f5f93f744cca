"""librosa's compiled functions, made by one process alone.

numba keeps a ufunc (`guvectorize`) in two files that name each other, by a name that counts what
the process compiled before. Where several processes make them at once, as the workers of a run do
in a fresh installation, the two may come from two processes: then the function has no address, and
whoever calls it is ended by the system, now and ever after (numba 0.61 to 0.68).
"""

import contextlib
import fcntl
import hashlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path

from emodist.compiled import machine_code

# Those that hold such functions and are used by others.
MODULES = ("librosa.util.utils", "librosa.core.audio", "librosa.core.pitch")


def make() -> None:
    """See that they are made; in a process that finds them so, nothing is loaded."""
    folder = machine_code.cache_folder(str(machine_code.home("librosa") / "core"))
    if folder is None:
        return
    digest = hashlib.blake2b("\0".join(machine_code.surroundings()).encode(), digest_size=12)
    marker = folder / f"librosa-{digest.hexdigest()}.made"
    if marker.exists():
        return
    with _alone(folder / "librosa.lock"):
        if not marker.exists():
            for name in MODULES:
                importlib.import_module(name)
            with contextlib.suppress(OSError):
                marker.touch()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process of all that use a folder; where locks are unknown, as many as there are."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
