"""Rows on their way into a network: where they lie, in which order they come, who gets which.

The order is a function of seed, epoch and table alone, not of who reads or how many learn. Row
groups of the table are shuffled and taken together into **windows** of bounded size, and the rows
of a window are shuffled. Windows are cut into global batches of one size; the last batch of a
window is filled up with rows of its own that have weight 0, so that no row is dropped and every
worker takes the same number of steps. Worker r of N has rows r, r + N, r + 2N, ... of each batch.

So N workers with a global batch B do what one worker with batch B does, up to rounding, for any N:
where it does not divide B, some have a row more in each batch. What is drawn at random for a row
(augmentation, dropout) each worker draws for its own part; with the same N it is the same again.
"""

import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyarrow.dataset as ds

from emodist.errors import ConfigError
from emodist.learning.dataset import Dataset
from emodist.registry import suggest
from emodist.tables import locate, schema

# Row groups that fit into so many bytes are read once and kept.
KEEP_BYTES = 2**30
# Rows are copied in pieces of so many bytes, which memory that was used before can hold; fresh
# memory costs more than the copy.
COPY_BYTES = 2**20
# A spread that is only rounding would blow noise up (of numbers that are the same in all rows).
LEAST_SPREAD = 1e-5


class Source(Protocol):
    """Rows by number. `shape` is of one row; `groups` says which rows are best read together."""

    shape: tuple[int, ...]
    groups: np.ndarray

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Float32, shape (len(rows), *shape), in the order of `rows`."""


class ArraySource:
    """Rows in memory, float32, shape (n_rows, n_numbers) or (n_rows, n_mels, n_frames)."""

    def __init__(self, x: np.ndarray):
        self.x = x
        self.shape = x.shape[1:]
        self.groups = np.zeros(len(x), np.int32)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.x[rows]


class TableSource:
    """Rows of a feature table, read from its Parquet files when they are asked for.

    Rows are numbered as in `dataset.load`. What is kept of a row is where it lies.

    Parameters
    ----------
    uri : str
        As for `dataset.load`.
    keys : Dataset
        Rows of the table, without features.
    columns : names, optional
        Flat features, or one feature with two axes. Default: all flat ones.

    Raises
    ------
    ConfigError
        If the table has no such columns, or they do not go together.
    """

    def __init__(self, uri: str, keys: Dataset, columns: Sequence[str] | None = None):
        self.uri = uri
        table = locate.open_table(uri)
        self.columns, self.shape = feature_shape(table.schema, columns)
        fields = [table.schema.field(name) for name in self.columns]
        self.names = [label for field in fields for label in schema.labels(field)]
        if len(self.shape) > 1:
            self.names = list(self.columns)
        fragments = _row_groups(table)
        place = {
            key: (group, row)
            for group, fragment in enumerate(fragments)
            for row, key in enumerate(_ids(fragment))
        }
        where = [place[key] for key in zip(keys.recording_id, keys.segment.tolist(), strict=True)]
        self.groups = np.array([group for group, _ in where], np.int32)
        self._offset = np.array([row for _, row in where], np.int32)
        self._fragments: list[Any] | None = fragments
        self._kept: dict[int, np.ndarray] = {}
        self._kept_bytes = 0

    def take(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), *self.shape), np.float32)
        group = self.groups[rows]
        n_together = max(1, COPY_BYTES // max(found[:1].nbytes, 1))
        for number in np.unique(group).tolist():
            wanted = np.flatnonzero(group == number)
            numbers = self._group(number)
            for start in range(0, len(wanted), n_together):
                part = wanted[start : start + n_together]
                found[part] = numbers[self._offset[rows[part]]]
        return found

    def __getstate__(self) -> dict[str, Any]:
        # A file system that crosses to another process may hang: files are opened there anew.
        return {**self.__dict__, "_fragments": None, "_kept": {}, "_kept_bytes": 0}

    def _group(self, number: int) -> np.ndarray:
        if number in self._kept:
            return self._kept[number]
        if self._fragments is None:
            self._fragments = _row_groups(locate.open_table(self.uri))
        # One thread: it has the time of a whole window, and the network wants the other cores.
        table = self._fragments[number].to_table(columns=list(self.columns), use_threads=False)
        for name in self.columns:
            if table[name].null_count:
                raise ConfigError(f"{self.uri}: feature {name} is null in some rows; leave it out")
        parts = [schema.values(table[name]) for name in self.columns]
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if not np.isfinite(rows).all():
            raise ConfigError(
                f"{self.uri}: {', '.join(self.columns)} holds numbers that are not finite; "
                "leave the feature out"
            )
        rows = rows.reshape(-1, *self.shape)
        if self._kept_bytes + rows.nbytes <= KEEP_BYTES:
            self._kept[number] = rows
            self._kept_bytes += rows.nbytes
        return rows


class ScaledSource:
    """Rows of another source, each brought to mean 0 and spread 1 of its speaker.

    Parameters
    ----------
    who : int array, shape (n_rows,)
        Speaker of each row.
    mean, spread : arrays, shape (n_speakers, shape[0])
    """

    def __init__(self, source: Source, who: np.ndarray, mean: np.ndarray, spread: np.ndarray):
        self.source, self.who, self.mean, self.spread = source, who, mean, spread
        self.shape, self.groups = source.shape, source.groups

    def take(self, rows: np.ndarray) -> np.ndarray:
        x = self.source.take(rows)
        more = (1,) * (x.ndim - 2)
        mean = self.mean[self.who[rows]].reshape(*x.shape[:2], *more)
        spread = self.spread[self.who[rows]].reshape(*x.shape[:2], *more)
        return ((x - mean) / spread).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Sums:
    """Counts, sums and sums of squares of each speaker, for numbers or mel bands.

    `shift` is about the middle of the numbers, so that squares do not drown them.
    """

    n: np.ndarray
    total: np.ndarray
    square: np.ndarray
    shift: np.ndarray

    def moments(self, of: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each speaker, shape (n_speakers, width), or of some together.

        Parameters
        ----------
        of : speakers, optional
            Then of all their rows, shape (width,).
        """
        n, total, square = self.n[:, None], self.total, self.square
        if of is not None:
            n, total, square = (part[of].sum(axis=0) for part in (n, total, square))
        n = np.maximum(n, 1)
        mean = total / n
        return mean + self.shift, np.maximum(square / n - mean**2, 0.0)


def sums(
    source: Source, rows: np.ndarray, who: np.ndarray, n_who: int, shift: np.ndarray | None = None
) -> Sums:
    """Sums over rows, one row group in memory at a time."""
    n, total, square = np.zeros(n_who), *np.zeros((2, n_who, source.shape[0]))
    for group in np.unique(source.groups[rows]):
        own = rows[source.groups[rows] == group]
        x = source.take(own).astype(np.float64)
        if shift is None:
            shift = x.mean(axis=(0, *range(2, x.ndim)))
        x -= shift.reshape(-1, *(1,) * (x.ndim - 2))
        axes = tuple(range(2, x.ndim))
        np.add.at(n, who[own], np.prod(x.shape[2:], dtype=float))
        np.add.at(total, who[own], x.sum(axis=axes))
        np.add.at(square, who[own], (x**2).sum(axis=axes))
    assert shift is not None
    return Sums(n, total, square, shift)


def spread(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Square root of the variance; 1 where a number is the same in all rows but for rounding."""
    found = np.sqrt(variance)
    return np.where(found > LEAST_SPREAD * np.maximum(np.abs(mean), LEAST_SPREAD), found, 1.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Window:
    """Rows that are in memory together, in the order in which they are learned from."""

    epoch: int
    does_learn: bool
    rows: np.ndarray


def windows(
    groups: np.ndarray, rows: np.ndarray, rng: np.random.Generator | None, n_together: int
) -> Iterator[np.ndarray]:
    """One pass over `rows`, as windows of about `n_together` rows.

    Parameters
    ----------
    groups : int array, shape (n_rows,)
        Of all rows of the table.
    rng : Generator, optional
        Without one, rows come group by group, in their own order.
    """
    rows = np.sort(rows)
    by_group = rows[np.argsort(groups[rows], kind="stable")]
    present, start, size = np.unique(groups[by_group], return_index=True, return_counts=True)
    order = np.arange(len(present)) if rng is None else rng.permutation(len(present))
    first = 0
    while first < len(order):
        last = first + 1
        while last < len(order) and size[order[first : last + 1]].sum() <= n_together:
            last += 1
        parts = [by_group[start[i] : start[i] + size[i]] for i in order[first:last]]
        # In the table's order, whatever the order of its groups, and then shuffled.
        window = np.sort(np.concatenate(parts))
        yield window if rng is None else rng.permutation(window)
        first = last


def schedule(
    groups: np.ndarray,
    train: np.ndarray,
    dev: np.ndarray,
    epochs: range,
    seed: int,
    n_together: int,
) -> Iterator[Window]:
    """Everything that a training reads: in each epoch, training rows and then development rows."""
    for epoch in epochs:
        rng = np.random.default_rng((seed, epoch))
        for rows in windows(groups, train, rng, n_together):
            yield Window(epoch, True, rows)
        for rows in windows(groups, dev, None, n_together):
            yield Window(epoch, False, rows)


def n_steps(groups: np.ndarray, rows: np.ndarray, batch_size: int, n_together: int) -> int:
    """Global batches of one pass over `rows`; a few more or less where windows differ."""
    found = windows(groups, rows, np.random.default_rng((0, 0)), n_together)
    return sum(-(-len(window) // batch_size) for window in found)


def places(
    n_rows: int, batch_size: int, rank: int, n_workers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of a window a worker has, and what each weighs.

    Returns
    -------
    places : int array, shape (n_batches, batch_size / n_workers)
        The last batch is filled up with its own rows again.
    weights : float array, same shape
        One over the real rows of the global batch; 0 where a batch is filled up.

    Examples
    --------
    >>> places(5, 4, rank=1, n_workers=2)[0].tolist()
    [[1, 3], [4, 4]]
    >>> places(5, 4, rank=1, n_workers=2)[1].tolist()
    [[0.25, 0.25], [0.0, 0.0]]
    """
    n_batches = -(-n_rows // batch_size)
    place = np.arange(n_batches * batch_size).reshape(n_batches, batch_size)
    real = np.minimum(n_rows - place[:, :1], batch_size)
    weight = (place < n_rows) / real
    place = np.where(place < n_rows, place, place[:, :1] + (place - place[:, :1]) % real)
    return place[:, rank::n_workers], weight[:, rank::n_workers]


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """What one worker computes in one step.

    `x` is float32, shape (n, *shape); `y` are targets, float32, shape (n, n_classes), rows add up
    to 1; `weight` is float32, shape (n,): the loss is the weighted sum, over all workers.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray


# Changes a batch of training rows: `(batch, rng) -> batch`.
Augment: TypeAlias = Callable[[Batch, np.random.Generator], Batch]


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """A worker's part of a window: its batches, one after the other."""

    epoch: int
    does_learn: bool
    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def batches(
        self,
        n_classes: int,
        class_weight: np.ndarray,
        augment: Augment | None,
        seed: Sequence[int],
        first_step: int = 0,
    ) -> Iterator[Batch]:
        """Batches with class weights (when learning) and one-hot targets, augmented.

        `first_step` is the number of the first of them in the epoch: no two are augmented alike.
        """
        eye = np.eye(n_classes, dtype=np.float32)
        parts = zip(self.x, self.y, self.weight, strict=True)
        for step, (x, y, weight) in enumerate(parts, first_step):
            if self.does_learn:
                weight = weight * class_weight[y]
            batch = Batch(x, eye[y], weight.astype(np.float32))
            if augment is not None and self.does_learn:
                batch = augment(batch, np.random.default_rng((*seed, self.epoch, step)))
            yield batch


def chunk(
    x: np.ndarray, y: np.ndarray, window: Window, batch_size: int, rank: int, n_workers: int
) -> Chunk:
    """A worker's part of a window whose rows are `x` and classes `y`, in the window's order."""
    place, weight = places(len(y), batch_size, rank, n_workers)
    return Chunk(window.epoch, window.does_learn, x[place], y[place], weight)


def chunks(
    source: Source, y: np.ndarray, plan: Iterable[Window], batch_size: int
) -> Iterator[Chunk]:
    """The windows of a plan for one worker alone."""
    for window in plan:
        place, weight = places(len(window.rows), batch_size, 0, 1)
        rows = window.rows[place]
        # Taken in the order of the batches: a copy less than cutting them out of the window.
        x = source.take(rows.ravel()).reshape(*rows.shape, *source.shape)
        yield Chunk(window.epoch, window.does_learn, x, y[rows], weight)


def feed(
    parts: Iterable[Chunk],
    n_classes: int,
    class_weight: np.ndarray,
    augment: Augment | None,
    seed: Sequence[int],
) -> Iterator[tuple[int, bool, Batch]]:
    """Epoch, whether it is learned from, and batch: all of a worker's batches in order."""
    epoch, n_steps = -1, 0
    for part in parts:
        if part.epoch != epoch:
            epoch, n_steps = part.epoch, 0
        for batch in part.batches(n_classes, class_weight, augment, seed, n_steps):
            yield part.epoch, part.does_learn, batch
        n_steps += len(part.y)


def ahead(items: Iterable[Any], n_items: int = 1) -> Iterator[Any]:
    """The same items, made by a thread while the last one is being used."""
    waiting: queue.Queue = queue.Queue(n_items)
    stopped = threading.Event()
    end = object()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((end, None))
        except BaseException as error:
            put((end, error))

    threading.Thread(target=work, daemon=True, name="emodist-input").start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stopped.set()


def feature_shape(
    table: Any, columns: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The feature columns in the table's order, and the shape of one row of them.

    Raises
    ------
    ConfigError
        If the table lacks one, or an image is chosen beside something else.
    """
    fields = {field.name: field for field in table if schema.is_feature(field)}
    is_image = {name: hasattr(field.type, "shape") for name, field in fields.items()}
    if columns is None:
        columns = [name for name in fields if not is_image[name]]
    for name in columns:
        if name not in fields:
            raise ConfigError(f"the table has no feature {name!r}; {suggest(name, fields)}")
    chosen = tuple(name for name in fields if name in columns)
    if not chosen:
        raise ConfigError("the table has no flat feature columns; featurize with some")
    images = [name for name in chosen if is_image[name]]
    if not images:
        return chosen, (sum(fields[name].type.list_size for name in chosen),)
    if len(chosen) > 1:
        raise ConfigError(
            f"{images[0]} has two axes and is learned from alone; got {', '.join(chosen)}"
        )
    return chosen, tuple(fields[chosen[0]].type.shape)


def _row_groups(table: ds.Dataset) -> list[Any]:
    return [group for fragment in table.get_fragments() for group in fragment.split_by_row_group()]


def _ids(fragment: Any) -> list[tuple[str, int]]:
    names = fragment.physical_schema.names
    wanted = [name for name in ("recording_id", "segment") if name in names]
    keys = fragment.to_table(columns=wanted)
    segments = keys["segment"].to_pylist() if "segment" in wanted else [0] * len(keys)
    return list(zip(keys["recording_id"].to_pylist(), (s or 0 for s in segments), strict=True))
