"""How the inner loops are compiled."""

from collections.abc import Callable

from numba import njit

# Lets a sum run in vector lanes. Left out where librosa's own order of rounding decides a result.
REASSOCIATE = frozenset({"reassoc", "contract", "nsz"})
FINITE = REASSOCIATE | {"nnan"}  # lets minima and maxima run in vector lanes as well


def compiled(fastmath: frozenset[str] = frozenset()) -> Callable:
    """Compile on the first call, and keep the machine code for the next process.

    Compiling everything takes some eight seconds of CPU, loading it a fraction of one.
    """

    def decorate(function: Callable) -> Callable:
        try:
            return njit(cache=True, fastmath=set(fastmath))(function)
        except RuntimeError:
            # No writable place beside the file, in the home folder or NUMBA_CACHE_DIR, as in a
            # container with a read-only file system.
            return njit(fastmath=set(fastmath))(function)

    return decorate
