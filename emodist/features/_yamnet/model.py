"""YAMNet's network on patches of many clips at once.

`load` gives a `YamnetModel`; its `embed` wants what `frontend.patches` makes. On a CPU the network
runs in LiteRT (XNNPACK, single precision), on a GPU in TensorFlow, which is imported only then.
"""

import contextlib
import csv
import importlib.util
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from emodist.errors import YamnetError
from emodist.features._yamnet import frontend
from emodist.features._yamnet.aggregate import slugs
from emodist.features._yamnet.prepared import HOW_TO_INSTALL, prepare

Backend = Literal["auto", "litert", "tensorflow"]


class Runtime(Protocol):
    """A network: float32 (n, 96, 64) with n up to `batch`, to (n, n_embedding + n_classes)."""

    batch: int

    def __call__(self, patches: np.ndarray) -> np.ndarray: ...


class YamnetModel:
    """Embeddings and scores of log-mel patches. Not for use by two threads at once.

    Attributes
    ----------
    class_names, class_slugs : tuple of str
        The classes as the model's class map spells them, and as ASCII snake_case.
    n_embedding : int
    backend : "litert" or "tensorflow"
    """

    def __init__(self, folder: Path, runtime: Runtime, backend: str):
        about = json.loads((folder / "core.json").read_text(encoding="utf-8"))
        self.folder = folder
        self.backend = backend
        self.n_embedding: int = about["n_embedding"]
        self.n_classes: int = about["n_classes"]
        with open(folder / "class_map.csv", newline="", encoding="utf-8") as file:
            self.class_names = tuple(row["display_name"] for row in csv.DictReader(file))
        if len(self.class_names) != self.n_classes:
            raise YamnetError(
                f"yamnet: {folder}/class_map.csv names {len(self.class_names)} classes; "
                f"the model has {self.n_classes}"
            )
        self._runtime = runtime

    @cached_property
    def class_slugs(self) -> tuple[str, ...]:
        return slugs(self.class_names)

    def embed(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run the network.

        Parameters
        ----------
        patches : float32 array, shape (n, 96, 64)
            From `frontend.patches`; several clips may be concatenated. n may be 0.

        Returns
        -------
        embeddings : float32 array, shape (n, 1024)
            Never negative.
        scores : float32 array, shape (n, 521)
            Within [0, 1]; several classes may be high at once.

        Raises
        ------
        YamnetError
            If the shape is another.
        """
        return self.embed_blocks([patches])

    def embed_blocks(self, blocks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """`embed` of blocks of patches, as of `frontend.patch_blocks`, filled into full batches."""
        outputs = [self._runtime(batch) for batch in _batches(blocks, self._runtime.batch)]
        width = self.n_embedding + self.n_classes
        joined = np.concatenate(outputs) if outputs else np.empty((0, width), np.float32)
        # Copies: a kept column would keep the other one alive.
        return joined[:, : self.n_embedding].copy(), joined[:, self.n_embedding :].copy()

    def embed_clips(self, log_mels: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Embeddings and scores of each clip; batches run across clips.

        Parameters
        ----------
        log_mels : float32 arrays, each of shape (48 * (n + 1), 64)
            From `frontend.log_mel`, one per clip or segment.

        Returns
        -------
        list of (embeddings (n, 1024), scores (n, 521)), one per clip
        """
        clips = [frontend.patches_of(log_mel) for log_mel in log_mels]
        embeddings, scores = self.embed_blocks(clips)
        ends = np.cumsum([len(clip) for clip in clips])[:-1]
        if not clips:
            return []
        return list(zip(np.split(embeddings, ends), np.split(scores, ends), strict=True))


def load(
    uri: str,
    backend: Backend = "auto",
    n_threads: int = 1,
    cache: str | Path | None = None,
) -> YamnetModel:
    """A YAMNet model, ready to run.

    Parameters
    ----------
    uri : str
        See `prepared.prepare`: SavedModel folder, prepared folder, `s3://` of either, `https://`.
    backend : "auto", "litert" or "tensorflow"
        `auto` takes TensorFlow where it sees a GPU, else LiteRT.
    n_threads : int
        Threads of LiteRT. One per worker, with a worker per core, costs the least CPU.
    cache : folder, optional
        Default: `~/.cache/emodist/yamnet`.

    Raises
    ------
    YamnetError
        If the model cannot be had, is not YAMNet, or a runtime is not installed.
    """
    folder = prepare(uri, cache)
    about = json.loads((folder / "core.json").read_text(encoding="utf-8"))
    if backend == "auto":
        has_litert = about["litert"] and importlib.util.find_spec("ai_edge_litert") is not None
        backend = "tensorflow" if has_gpu() or not has_litert else "litert"
    if backend == "litert":
        if not about["litert"]:
            raise YamnetError(f"yamnet: {uri} has no exact LiteRT form; use backend=tensorflow")
        return YamnetModel(folder, LiteRT(folder / "core.tflite", n_threads), backend)
    return YamnetModel(folder, TensorFlow(folder, about), backend)


def has_gpu() -> bool:
    """Whether TensorFlow can compute on a GPU here; it is imported only if a driver is there."""
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if not any(Path(name).exists() for name in drivers):
        return False
    if importlib.util.find_spec("tensorflow") is None:
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


class LiteRT:
    """The network in LiteRT; single precision, XNNPACK."""

    # CPU time per patch, one thread: batch 1 1.31 ms, 4 0.80, 8 0.71, 16 0.68, 32 0.72.
    batch = 16
    _small = 4

    def __init__(self, path: Path, n_threads: int):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise YamnetError(f"yamnet: LiteRT is not installed; {HOW_TO_INSTALL}") from error
        self._content = path.read_bytes()
        self._make, self._n_threads = Interpreter, n_threads
        self._interpreters: dict[int, Any] = {}

    def __call__(self, patches: np.ndarray) -> np.ndarray:
        n = len(patches)
        # Up to three small batches cost less than a full one.
        size = self.batch if n > self.batch - self._small else self._small
        parts = [self._run(patches[i : i + size], size) for i in range(0, n, size)]
        return np.concatenate(parts)[:n]

    def _run(self, patches: np.ndarray, size: int) -> np.ndarray:
        interpreter = self._interpreters.get(size)
        if interpreter is None:
            with _quiet():
                interpreter = self._make(model_content=self._content, num_threads=self._n_threads)
                interpreter.resize_tensor_input(
                    interpreter.get_input_details()[0]["index"], [size, *patches.shape[1:]]
                )
                interpreter.allocate_tensors()
            self._interpreters[size] = interpreter
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], _full(patches, size))
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


class TensorFlow:
    """The network as a TensorFlow graph, on a GPU where there is one."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        try:
            import tensorflow as tf
        except ImportError as error:
            raise YamnetError(f"yamnet: TensorFlow is not installed; {HOW_TO_INSTALL}") from error
        gpus = tf.config.list_physical_devices("GPU")
        # A RuntimeError: the GPU is in use already, this process has chosen its memory before.
        with contextlib.suppress(RuntimeError):
            for gpu in gpus:
                tf.config.experimental.set_memory_growth(gpu, True)
        # TF32 keeps 10 bits of a factor: the scores would not be the model's to 1e-3.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        # On a GPU all batches have one shape, so that its kernels are chosen once.
        self.batch = 256 if gpus else 32
        self._has_gpu = bool(gpus)
        graph = tf.compat.v1.GraphDef.FromString((folder / "core.pb").read_bytes())
        imported = tf.compat.v1.wrap_function(
            lambda: tf.compat.v1.import_graph_def(graph, name=""), []
        )
        self._tf = tf
        self._network = imported.prune(
            imported.graph.as_graph_element(about["input"]),
            imported.graph.as_graph_element(about["output"]),
        )

    def __call__(self, patches: np.ndarray) -> np.ndarray:
        full = _full(patches, self.batch) if self._has_gpu else patches
        return self._network(self._tf.constant(full)).numpy()[: len(patches)]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """LiteRT tells each process's stderr that it made its delegate; errors are exceptions."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _full(patches: np.ndarray, size: int) -> np.ndarray:
    """A contiguous batch of exactly `size` patches, the missing ones zero."""
    if len(patches) == size:
        return np.ascontiguousarray(patches, np.float32)
    batch = np.zeros((size, *patches.shape[1:]), np.float32)
    batch[: len(patches)] = patches
    return batch


def _batches(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The rows of all blocks in order, `size` at a time; the last batch may be shorter."""
    batch = np.empty((size, frontend.PATCH_FRAMES, frontend.N_MELS), np.float32)
    filled = 0
    for block in blocks:
        if block.shape[1:] != batch.shape[1:]:
            raise YamnetError(f"yamnet needs patches of shape (n, 96, 64); got {block.shape}")
        taken = 0
        while taken < len(block):
            n = min(size - filled, len(block) - taken)
            batch[filled : filled + n] = block[taken : taken + n]
            filled, taken = filled + n, taken + n
            if filled == size:
                yield batch
                filled = 0
    if filled:
        yield batch[:filled]
