"""How the inner loops are compiled: numba at one door, and not even imported where it has been.

Importing numba and loading its cached functions takes half a second of CPU in every process that
computes a feature. So the machine code that numba made is kept, and the next process runs it
without numba (`emodist.compiled.machine_code`); where that cannot be, numba's own cache serves.
"""

import functools
import pickle
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from emodist.compiled import machine_code

# Lets a sum run in vector lanes. Left out where librosa's own order of rounding decides a result.
REASSOCIATE = frozenset({"reassoc", "contract", "nsz"})
FINITE = REASSOCIATE | {"nnan"}  # lets minima and maxima run in vector lanes as well

# What of an array's flags (`numpy.ndarray.flags.num`) makes another function of it.
C_ORDER, F_ORDER, ALIGNED, WRITEABLE = 0x1, 0x2, 0x100, 0x400
LAYOUT = C_ORDER | F_ORDER | ALIGNED | WRITEABLE

_lock = threading.RLock()


def compiled(fastmath: frozenset[str] = frozenset()) -> Callable[[Callable], "Kernel"]:
    """Compile on the first call, and keep the machine code for the next process.

    Compiling everything takes some eight seconds of CPU, loading it some milliseconds.
    """
    return lambda function: Kernel(function, fastmath)


class Kernel:
    """A function of arrays and numbers that is compiled for each combination of their types."""

    def __init__(self, function: Callable, fastmath: frozenset[str]):
        functools.update_wrapper(self, function)
        self.function, self.fastmath = function, fastmath
        self._by_types: dict[Hashable, Callable] = {}

    def __call__(self, *arguments: Any) -> Any:
        types = tuple(
            [
                (a.dtype, a.ndim, a.flags.num & LAYOUT) if type(a) is np.ndarray else type(a)
                for a in arguments
            ]
        )
        run = self._by_types.get(types)
        if run is None:
            with _lock:
                run = self._by_types[types] = self._made(types, arguments)
        return run(*arguments)

    @functools.cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function."""
        from numba import njit

        with _lock:
            if not machine_code.is_possible():
                try:
                    return njit(cache=True, fastmath=set(self.fastmath))(self.function)
                except RuntimeError:
                    # No writable place beside the file, in the home folder or NUMBA_CACHE_DIR, as
                    # in a container with a read-only file system.
                    pass
            return njit(fastmath=set(self.fastmath))(self.function)

    @property
    def _numba_type_(self) -> Any:
        """How numba sees a kernel that another one calls."""
        return self.dispatcher._numba_type_

    def _made(self, types: tuple, arguments: tuple) -> Callable:
        if not machine_code.is_possible() or not all(map(_is_plain, types)):
            return self.dispatcher
        file = self._file(types)
        run = machine_code.load(file)
        if run is None:
            from numba import typeof

            run = self.dispatcher
            of_numba = tuple(map(typeof, arguments))
            run.compile(of_numba)
            machine_code.save(file, run.overloads[of_numba])
        return run

    def _file(self, types: tuple) -> Path | None:
        name = f"{self.function.__module__}.{self.function.__qualname__}"
        try:
            said = [name, self.source, *map(_said, types)]
        except (OSError, TypeError, AttributeError, pickle.PicklingError):
            # Typed into a shell, or made of what has no bytes.
            return None
        return machine_code.place(self.function.__code__.co_filename, name, said)

    @functools.cached_property
    def source(self) -> str:
        """All that decides what is compiled: the function's text, its constants, what it calls."""
        said = [repr(sorted(self.fastmath))]
        code = self.function.__code__
        with open(code.co_filename, encoding="utf-8") as file:
            said.append(file.read())
        for name in code.co_names:
            value = self.function.__globals__.get(name)
            if isinstance(value, Kernel):
                said.append(value.source)
            elif not isinstance(value, ModuleType):
                said.append(f"{name}={pickle.dumps(value)!r}")
        return "\n".join(said)


def _is_plain(of: Any) -> bool:
    return isinstance(of, tuple) or of in (bool, int, float) or issubclass(of, np.generic)


def _said(of: Any) -> str:
    if not isinstance(of, tuple):
        return of.__name__
    dtype, n_axes, flags = of
    # For numba, what lies both ways lies as in C.
    order = "C" if flags & C_ORDER else "F" if flags & F_ORDER else "A"
    return f"{dtype!r} {n_axes} {order} {flags & ~(C_ORDER | F_ORDER)}"
