"""Blocks of frames through FFTW: its transforms with their buffers, a set for each thread."""

import importlib
import sys
import threading
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

BLOCK = 16  # frames for one call of the FFT: what it touches stays in the cache
# FFTW_MEASURE gives no faster ones here, and costs each worker 0.2 s.
FLAGS = ("FFTW_ESTIMATE", "FFTW_DESTROY_INPUT")


class _Transforms(threading.local):
    def __init__(self) -> None:
        self.exact: dict[int, tuple[Any, np.ndarray]] = {}
        self.single: dict[int, Any] = {}


_transforms = _Transforms()


def exact(n_fft: int) -> tuple[Any, np.ndarray]:
    """A transform for a block of frames in float64, and a complex64 buffer for its output."""
    if n_fft not in _transforms.exact:
        transform = _made(n_fft, "float64", "complex128")
        _transforms.exact[n_fft] = (transform, np.empty(transform.output_array.shape, np.complex64))
    return _transforms.exact[n_fft]


def single(n_fft: int) -> Any:
    """A transform in float32, for frames that have nothing to equal bit by bit."""
    if n_fft not in _transforms.single:
        _transforms.single[n_fft] = _made(n_fft, "float32", "complex64")
    return _transforms.single[n_fft]


def _made(n_fft: int, real: str, imaginary: str) -> Any:
    fftw = _fftw()
    frames = fftw.empty_aligned((BLOCK, n_fft), real)
    spectra = fftw.empty_aligned((BLOCK, n_fft // 2 + 1), imaginary)
    return fftw.FFTW(frames, spectra, axes=(1,), flags=FLAGS, threads=1)


@cache
def _fftw() -> ModuleType:
    """pyfftw without its stand-ins for scipy, for which it would import scipy (0.2 s of CPU)."""
    hidden = "scipy.fftpack"
    if hidden in sys.modules or "pyfftw" in sys.modules:
        return importlib.import_module("pyfftw")
    # Python's way to say that there is no such module; pyfftw then goes without.
    sys.modules[hidden] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("pyfftw")
    finally:
        del sys.modules[hidden]
