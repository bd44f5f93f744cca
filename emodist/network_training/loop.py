"""How a network learns: one loop, the same for one process and for many workers.

One process trains one network at a time.
"""

import dataclasses
import math
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from emodist import batch_augmentations
from emodist.errors import ConfigError
from emodist.network_training.batches import Augment, Batch, Chunk, ahead, feed
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Heard, Problem, Progress, State


def learning_rate(settings: NetworkSettings, step: int, steps: int) -> float:
    """Of a step, counted from 0, where an epoch has `steps`.

    Examples
    --------
    >>> settings = NetworkSettings(learning_rate=1.0, warmup_epochs=1, epochs=3)
    >>> [round(learning_rate(settings, step, 2), 2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.85, 0.5, 0.15]
    """
    warmup = settings.warmup_epochs * steps
    if step + 1 <= warmup:
        return settings.learning_rate * (step + 1) / warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    done = (step - warmup) / max(settings.epochs * steps - warmup, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))


def augmentation(settings: NetworkSettings) -> Augment | None:
    """What `augment` names, as one change of training batches."""
    entries = settings.build_augmentations()

    def augment(batch: Batch, rng: np.random.Generator) -> Batch:
        return Batch(*batch_augmentations.apply(entries, batch.x, batch.y, batch.weight, rng))

    return augment if entries else None


def train(
    learner: Learner,
    problem: Problem,
    chunks: Iterable[Chunk],
    state: State,
    heard: Heard | None = None,
    augment: Augment | None = None,
    rank: int = 0,
) -> State:
    """Learn until the epochs are over or the development speakers gain no more.

    Parameters
    ----------
    chunks : iterator of Chunk
        This worker's part of every epoch that is left, in order.
    state : State
        Where to go on; `learner` has been restored from it.
    heard : callable, optional
        Hears of progress; with the state at the end of each epoch.

    Returns
    -------
    State
        With the best epoch's weights in `best`.
    """
    settings = learner.settings
    if state.is_over(settings, problem.has_dev):
        return state
    augment = augment or augmentation(settings)
    epoch = _Epoch(learner, problem, state)
    seed = (settings.seed, rank)
    own = feed(chunks, len(problem.classes), problem.class_weight, augment, seed)
    for number, does_learn, batch in ahead(own):
        if number != state.epoch:
            _finish(epoch, state, heard)
            if state.is_over(settings, problem.has_dev):
                return state
            epoch = _Epoch(learner, problem, state)
        epoch.add(batch, does_learn, heard)
    _finish(epoch, state, heard)
    return state


class _Epoch:
    """Sums over one epoch on one worker."""

    # Seconds between two words about an epoch that is still going on.
    TELL_EVERY_S = 10.0

    def __init__(self, learner: Learner, problem: Problem, state: State):
        self.learner, self.problem, self.state = learner, problem, state
        self.losses: list[Any] = []
        self.n_rows = self.n_judged = 0
        self.learned_s = 0.0
        self.dev_loss = 0.0
        self.confusion = np.zeros((len(problem.classes),) * 2)
        self.started = self.told = time.monotonic()
        self.rate = 0.0

    def add(self, batch: Batch, does_learn: bool, heard: Heard | None) -> None:
        if not does_learn:
            self._judge(batch)
            return
        step = self.state.epoch * self.problem.steps + len(self.losses)
        self.rate = learning_rate(self.learner.settings, step, self.problem.steps)
        self.losses.append(self.learner.learn(batch, self.rate))
        self.n_rows += int(np.count_nonzero(batch.weight))
        self.learned_s = time.monotonic() - self.started
        if heard is not None and time.monotonic() - self.told > self.TELL_EVERY_S:
            self.told = time.monotonic()
            heard(self._progress(), None)

    def _judge(self, batch: Batch) -> None:
        logits = self.learner.logits(batch.x).astype(np.float64)
        real = batch.weight > 0
        logits, y = logits[real], batch.y[real].argmax(axis=1)
        logits -= logits.max(axis=1, keepdims=True)
        likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        self.dev_loss -= float(likelihood[np.arange(len(y)), y].sum())
        np.add.at(self.confusion, (y, logits.argmax(axis=1)), 1)
        self.n_judged += len(y)

    def row(self) -> dict[str, float]:
        """The epoch as a row of `history.csv`; every worker has to ask, and all get the same."""
        own = [float(loss) for loss in self.losses]
        sums = self.learner.total(
            np.concatenate([[sum(own), self.n_rows, self.dev_loss], self.confusion.ravel()])
        ).astype(float)
        confusion = sums[3:].reshape(self.confusion.shape)
        heard = confusion.sum(axis=1)
        row = {
            "epoch": self.state.epoch + 1,
            "loss": sums[0] / max(len(own), 1),
            "learning_rate": self.rate,
            "rows_per_s": sums[1] / max(self.learned_s, 1e-9),
            "seconds": time.monotonic() - self.started,
            "time": time.time(),
        }
        if heard.sum():
            recall = np.diag(confusion)[heard > 0] / heard[heard > 0]
            row |= {"dev_loss": sums[2] / heard.sum(), "dev_uar": float(recall.mean())}
        return {name: float(value) for name, value in row.items()}

    def progress(self, row: dict[str, float]) -> Progress:
        return dataclasses.replace(
            self._progress(), loss=row["loss"], rows_per_s=row["rows_per_s"], row=row
        )

    def _progress(self) -> Progress:
        n_steps, n_epochs = len(self.losses), self.learner.settings.epochs
        part = min(n_steps / max(self.problem.steps, 1), 1.0)
        seconds = time.monotonic() - self.started
        return Progress(
            epoch=self.state.epoch + 1,
            step=n_steps,
            steps=self.problem.steps,
            loss=float(self.losses[-1]) if self.losses else math.nan,
            learning_rate=self.rate,
            rows_per_s=self.n_rows / max(self.learned_s, 1e-9),
            left_s=seconds / max(part, 1e-9) * (n_epochs - self.state.epoch - part),
        )


def _finish(epoch: _Epoch, state: State, heard: Heard | None) -> None:
    """Close an epoch: judge it, keep the best weights, and what a checkpoint needs."""
    row = epoch.row()
    if not math.isfinite(row["loss"]):
        raise ConfigError(
            f"the loss of epoch {state.epoch + 1} is {row['loss']}; take a smaller learning_rate "
            f"than {epoch.learner.settings.learning_rate:g}"
        )
    progress = epoch.progress(row)
    state.epoch += 1
    state.history.append(row)
    epoch.learner.keep(state)
    uar, loss = row.get("dev_uar", 0.0), row.get("dev_loss", 0.0)
    is_better = (uar, -loss) > (state.best_uar, -state.best_loss)
    if is_better or not epoch.problem.has_dev:
        state.best_uar, state.best_loss, state.best_epoch = uar, loss, state.epoch
        state.best = state.variables
    if heard is not None:
        heard(progress, state)


def balanced(y: np.ndarray, n_classes: int) -> np.ndarray:
    """Weight of each class, so that all count the same; 0 for a class without rows.

    Examples
    --------
    >>> balanced(np.array([0, 0, 0, 1]), 2).round(2).tolist()
    [0.67, 2.0]
    """
    counts = np.bincount(y, minlength=n_classes)
    return np.where(counts > 0, len(y) / (np.maximum(counts, 1) * max((counts > 0).sum(), 1)), 0.0)
