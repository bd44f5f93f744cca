"""Silero's model of speech, version 6: how probable speech is in each 32 ms of a recording.

The model is the ONNX file that the package faster-whisper ships (MIT), run by onnxruntime in one
thread; nothing else of that package is imported. A window of 512 samples enters with the 64 before
it, and two states go on from window to window: what is said of one depends on all before it.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad.
"""

import contextlib
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emodist.errors import ConfigError

WINDOW = 512  # samples at 16 kHz, 32 ms
# CPU ms for a second of sound, by windows at once: 1 3.4, 8 2.1, 16 1.7, 32 1.6, 1024 1.6.
BATCH = 32
HOW_TO_INSTALL = 'pip install "emodist[speech]"'
_CONTEXT = 64
_STATE = (1, 1, 128)
_DISTRIBUTIONS = ("faster-whisper", "onnxruntime")
_PACKAGES = ("faster_whisper", "onnxruntime")
_FILE = "assets/silero_vad_v6.onnx"
# Rows of one table are judged by one model, whatever a machine has installed.
_SHA256 = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"


def is_installed() -> bool:
    """Whether the packages are there; nothing is loaded to find out."""
    return all(importlib.util.find_spec(name) is not None for name in _PACKAGES)


def distributions() -> list[str]:
    """The packages that decide about its numbers; onnxruntime may have come under another name."""
    import importlib.metadata

    known = []
    for name in _DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version(name)
            known.append(name)
    return known


class Silero:
    """The model, loaded once for many recordings.

    Raises
    ------
    ConfigError
        If it is not installed here, or is another version.
    """

    def __init__(self) -> None:
        content = _model()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    def listen(self) -> "Listener":
        """What hears one recording, from its first sample on."""
        return Listener(self)

    def run(
        self, windows: NDArray[np.float32], states: tuple[NDArray[np.float32], ...]
    ) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...]]:
        """Probabilities (n,) of consecutive windows (n, 576), and the states after them."""
        h, c = states
        found, *after = self._session.run(None, {"input": windows, "h": h, "c": c})
        return found.ravel(), tuple(after)


class Listener:
    """Hears one recording block by block, whatever its blocks are, and answers for its windows.

    Windows run `BATCH` at a time, counted from the recording's start, so that the numbers do not
    depend on where blocks end.
    """

    def __init__(self, model: Silero):
        self._model = model
        self._states: tuple[NDArray[np.float32], ...] = (
            np.zeros(_STATE, np.float32),
            np.zeros(_STATE, np.float32),
        )
        # What was heard and not yet judged, after the last samples of what was.
        self._held = np.zeros(_CONTEXT, np.float32)

    def hear(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probabilities of the windows that this block completes, shape (n_windows,).

        Parameters
        ----------
        block : float32 array, shape (n_samples,)
            Mono at 16 kHz; the next samples of the recording.
        """
        self._held = np.concatenate([self._held, block])
        size = BATCH * WINDOW
        n_batches = (len(self._held) - _CONTEXT) // size
        found = [self._run(self._held[k * size :][: _CONTEXT + size]) for k in range(n_batches)]
        # A copy: a view would keep the block alive.
        self._held = self._held[n_batches * size :].copy()
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def end(self) -> NDArray[np.float32]:
        """The probabilities of the windows that are left; the last one is filled with zeros."""
        n_left = len(self._held) - _CONTEXT
        if not n_left:
            return np.empty(0, np.float32)
        return self._run(np.pad(self._held, (0, -n_left % WINDOW)))

    def _run(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        windows = np.lib.stride_tricks.sliding_window_view(samples, _CONTEXT + WINDOW)[::WINDOW]
        found, self._states = self._model.run(np.ascontiguousarray(windows), self._states)
        return found


def _model() -> bytes:
    spec = importlib.util.find_spec(_PACKAGES[0])
    if not is_installed() or spec is None:
        raise ConfigError(f"speech=silero needs the packages of the extra: {HOW_TO_INSTALL}")
    for folder in spec.submodule_search_locations or ():
        file = Path(folder, _FILE)
        if file.is_file():
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() == _SHA256:
                return content
    raise ConfigError(
        "the installed faster-whisper does not ship the version of Silero's model that emodist "
        f"knows; {HOW_TO_INSTALL}"
    )
