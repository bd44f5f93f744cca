"""Rows of a table as a stream to each worker of a training, by Ray Data.

Tasks anywhere on the cluster read one window after the other (`network_training.batches`), shuffle
it, and cut it into one block for each worker: a window is read once, and nobody holds more than a
few.

Ray Train's own way to split a dataset (`streaming_split(equal=True)`) is not taken: it leaves out
rows at the end so that all workers have the same number, and who gets which row depends on
timing. Here each task makes exactly one block a worker, one row of the dataset each, in the order
of the workers. `equal=False` deals out such blocks in turn as long as order is preserved; that is
how Ray 2.60 is made, not what it promises, so each worker checks what it is given.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
import ray.train

from emodist.errors import EmodistError
from emodist.network_training import checkpoint
from emodist.network_training.batches import Chunk, chunk
from emodist.network_training.fitting import Task
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import Source

NAME = "rows"
# Windows that are read at once, and blocks that may wait, in windows.
READING, WAITING = 2, 3
# Workers may have all CPUs, and reading takes a few percent of one: it must not wait for a CPU.
NO_CPU: dict[str, Any] = {"num_cpus": 0}
BLOCK = pa.schema(
    [
        ("epoch", pa.int32()),
        ("window", pa.int32()),
        ("does_learn", pa.bool_()),
        ("rank", pa.int32()),
        ("n_batches", pa.int32()),
        ("x", pa.large_binary()),
        ("y", pa.binary()),
        ("weight", pa.binary()),
    ]
)


class Plan:
    """What a training reads, by number of the window, over all epochs that are left.

    `shared` is in Ray's object store: source, classes of the rows, task and settings.
    """

    def __init__(self, shared: Any, out: str):
        self.shared, self.out = shared, out

    def dataset(self) -> ray.data.Dataset:
        """One row per window. Ray Train asks when it starts workers, also after one was lost."""
        source, _, task, settings = _shared(self.shared)
        first = checkpoint.read(self.out).epoch
        windows = [
            {"epoch": epoch, "window": number}
            for epoch in range(first, settings.epochs)
            for number, _ in enumerate(task.schedule(source, settings, range(epoch, epoch + 1)))
        ]
        # Not `from_arrow`, which asks a task, and so a CPU, what is in each block.
        made = ray.data.from_items(windows, override_num_blocks=max(len(windows), 1))
        made.set_name(NAME)
        return made


class Reader:
    """A window in, one block for each worker out."""

    def __init__(self, shared: Any, n_workers: int):
        self.shared, self.n_workers = shared, n_workers

    def __call__(self, batch: pa.Table) -> pa.Table:
        source, y, task, settings = _shared(self.shared)
        rows = []
        for item in batch.to_pylist():
            window = next(
                itertools.islice(
                    task.schedule(source, settings, range(item["epoch"], item["epoch"] + 1)),
                    item["window"],
                    None,
                )
            )
            x = source.take(window.rows)
            for rank in range(self.n_workers):
                part = chunk(x, y[window.rows], window, settings.batch_size, rank, self.n_workers)
                rows.append(
                    {
                        **item,
                        "does_learn": part.does_learn,
                        "rank": rank,
                        "n_batches": len(part.y),
                        "x": np.ascontiguousarray(part.x).data.cast("B"),
                        "y": part.y.astype(np.int32).tobytes(),
                        "weight": part.weight.astype(np.float64).tobytes(),
                    }
                )
        return pa.Table.from_pylist(rows, BLOCK)


class ToEachWorker(ray.train.DataConfig):
    """Ray Train asks how a dataset is dealt out to the workers: one block of each window."""

    def __init__(self, shared: Any, window_bytes: float):
        super().__init__()
        self.shared, self.window_bytes = shared, window_bytes

    def configure(
        self,
        datasets: dict[str, ray.data.Dataset],
        world_size: int,
        worker_handles: Any = None,
        worker_node_ids: Any = None,
        **kwargs: Any,
    ) -> list[dict[str, ray.data.DataIterator]]:
        made = datasets[NAME].map_batches(
            Reader(self.shared, world_size),
            batch_size=1,
            batch_format="pyarrow",
            **NO_CPU,
            compute=ray.data.TaskPoolStrategy(size=READING),
        )
        # A block for each row, since a row is all that a worker gets of a window.
        made.context.target_max_block_size = 1
        options = self.default_ingest_options()
        options.preserve_order = True
        options.resource_limits = ray.data.ExecutionResources(
            object_store_memory=WAITING * max(self.window_bytes, 2**20)
        )
        made.context.execution_options = options
        parts = made.streaming_split(world_size, equal=False)
        return [{NAME: part} for part in parts]


def chunks(shard: Any, shape: tuple[int, ...], rank: int, first: int) -> Iterator[Chunk]:
    """A worker's part of every window, from Ray Train's shard of the dataset.

    Raises
    ------
    EmodistError
        If Ray dealt out blocks in another way than in turn.
    """
    blocks = shard.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1)
    before = (first, -1)
    for item in itertools.chain.from_iterable(_rows(block) for block in blocks):
        epoch, window = (item[name].as_py() for name in ("epoch", "window"))
        follows = epoch == before[0] and window == before[1] + 1
        if item["rank"].as_py() != rank or not (follows or (epoch, window) == (before[0] + 1, 0)):
            raise EmodistError(
                f"worker {rank} was given the rows of worker {item['rank']}, epoch {epoch}, window "
                f"{window}, after epoch {before[0]}, window {before[1]}"
            )
        before = (epoch, window)
        n_batches = item["n_batches"].as_py()
        x, y, weight = (
            np.frombuffer(item[name].as_buffer(), dtype)
            for name, dtype in (("x", np.float32), ("y", np.int32), ("weight", np.float64))
        )
        yield Chunk(
            epoch,
            item["does_learn"].as_py(),
            x.reshape(n_batches, -1, *shape),
            y.reshape(n_batches, -1),
            weight.reshape(n_batches, -1),
        )


def _rows(block: pa.Table) -> Iterable[dict[str, pa.Scalar]]:
    for row in range(block.num_rows):
        yield {name: block[name][row] for name in block.column_names}


def _shared(ref: Any) -> tuple[Source, np.ndarray, Task, NetworkSettings]:
    # Arrays come without a copy; each process opens the table's files once.
    key = ref.hex()
    if key not in _KNOWN:
        _KNOWN[key] = ray.get(ref)
    return _KNOWN[key]


_KNOWN: dict[str, Any] = {}
