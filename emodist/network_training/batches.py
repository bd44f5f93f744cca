"""Rows on their way into a network: in which order they come, and who gets which.

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
from typing import Any, TypeAlias

import numpy as np

from emodist.network_training.sources import Source


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
    cut = windows(groups, rows, np.random.default_rng((0, 0)), n_together)
    return sum(-(-len(window) // batch_size) for window in cut)


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
    source: Source, y: np.ndarray, schedule: Iterable[Window], batch_size: int
) -> Iterator[Chunk]:
    """The windows of a schedule for one worker alone."""
    for window in schedule:
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
