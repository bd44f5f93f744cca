"""How a network learns: one loop, the same for one process and for many workers.

`model.fit` of Keras 3 does not run under `MultiWorkerMirroredStrategy`, so the loop is written
out: each worker computes the gradient of its part of a global batch, the sum over all workers is
applied by each, and batch norm takes its statistics over all. Loss weights are divided by the size
of the global batch, so the number of workers changes nothing but rounding.

TensorFlow is imported when a network is built. One process trains one network at a time.
"""

import contextlib
import dataclasses
import io
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

from emodist import batch_augmentations
from emodist.errors import ConfigError, OutputError
from emodist.network_training.batches import Augment, Batch, Chunk, ahead, feed
from emodist.network_training.settings import NetworkSettings

# Norms, biases and places of patches are not weights that could grow too large.
NO_DECAY = ["bias", "gamma", "beta"]


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """What is learned, known to every worker before the first row.

    `mean` and `variance` are of the training rows, shape (shape[0],); `class_weight` has one
    number per class; `steps` are global batches of an epoch.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...]
    mean: np.ndarray
    variance: np.ndarray
    class_weight: np.ndarray
    steps: int
    has_dev: bool


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a training stands; `row` is the finished epoch, as `history.csv` keeps it."""

    epoch: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    rows_per_s: float
    left_s: float
    row: dict[str, float] | None = None


@dataclasses.dataclass(eq=False)
class State:
    """All that is needed to go on, or to stop: what a checkpoint holds."""

    epoch: int = 0
    best_epoch: int = 0
    best_uar: float = -1.0
    best_loss: float = math.inf
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    variables: list[np.ndarray] = dataclasses.field(default_factory=list)
    optimizer: list[np.ndarray] = dataclasses.field(default_factory=list)
    best: list[np.ndarray] = dataclasses.field(default_factory=list)

    def is_over(self, settings: NetworkSettings, has_dev: bool) -> bool:
        """All epochs are done, or the development speakers have not gained for too long."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= settings.epochs or (has_dev and waited >= settings.patience)

    def to_bytes(self) -> bytes:
        data = io.BytesIO()
        about = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        arrays = {
            f"{name}.{index:04}": array
            for name in ("variables", "optimizer", "best")
            for index, array in enumerate(about.pop(name))
        }
        np.savez(data, about=np.array(json.dumps(about)), **arrays)
        return data.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> "State":
        """A state that `to_bytes` made.

        Raises
        ------
        OutputError
            If it is none.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                about |= {"variables": [], "optimizer": [], "best": []}
                for name in sorted(set(file.files) - {"about"}):
                    about[name.partition(".")[0]].append(file[name])
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise OutputError(f"{where} is no checkpoint of emodist: {error}") from None
        return cls(**about)


# Called by every worker after a part of an epoch and, with the state, after each epoch.
Report: TypeAlias = Callable[[Progress, State | None], None]


class Learner:
    """A network, its optimizer and the compiled steps, on one of the workers.

    Parameters
    ----------
    strategy : tf.distribute.Strategy, optional
        Of all workers; default: this process alone.
    """

    def __init__(self, problem: Problem, settings: NetworkSettings, strategy: Any = None):
        tf, keras = import_tensorflow()
        self.strategy = strategy or tf.distribute.get_strategy()
        self.settings = settings
        # What an earlier network of this process left behind, its memory too.
        keras.backend.clear_session()
        with self.strategy.scope():
            self.model = seeded(build(problem, settings), settings.seed)
            self.optimizer = keras.optimizers.AdamW(
                settings.learning_rate, weight_decay=settings.weight_decay
            )
            self.optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
            self.optimizer.build(self.model.trainable_variables)
        self._compile(problem, tf)

    def _compile(self, problem: Problem, tf: Any) -> None:
        smoothing, n_classes = self.settings.label_smoothing, len(problem.classes)
        model, optimizer, strategy = self.model, self.optimizer, self.strategy

        def gradient(x, y, weight):
            with tf.GradientTape() as tape:
                logits = tf.cast(model(x, training=True), tf.float32)
                targets = y * (1.0 - smoothing) + smoothing / n_classes
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
                loss = tf.reduce_sum(losses * weight)
            return loss, tape.gradient(loss, model.trainable_variables)

        if self.settings.xla:
            gradient = tf.function(gradient, jit_compile=True)

        def learn(x, y, weight):
            loss, gradients = gradient(x, y, weight)
            # Adds up the gradients of all workers.
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return loss

        def look(x):
            return tf.cast(model(x, training=False), tf.float32)

        def total(values):
            context = tf.distribute.get_replica_context()
            # A copy, made in this replica: what comes from outside has no device yet.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values))

        self._learn = tf.function(lambda *batch: strategy.run(learn, batch))
        self._look = tf.function(lambda x: strategy.run(look, (x,)))
        self._total = tf.function(lambda values: strategy.run(total, (values,)))
        self._tensor = tf.constant

    def learn(self, batch: Batch, learning_rate: float) -> Any:
        """One step; this worker's part of the loss, as a tensor."""
        self.optimizer.learning_rate = learning_rate
        return self._own(self._learn(*map(self._tensor, (batch.x, batch.y, batch.weight))))

    def logits(self, x: np.ndarray) -> np.ndarray:
        return self._own(self._look(self._tensor(x))).numpy()

    def total(self, values: np.ndarray) -> np.ndarray:
        """The sum of the arrays of all workers; every worker has to ask."""
        return self._own(self._total(self._tensor(values, dtype="float32"))).numpy()

    def _own(self, value: Any) -> Any:
        return self.strategy.experimental_local_results(value)[0]

    def weights(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self.model.variables]

    def restore(self, state: State, where: str) -> None:
        """Go on from a state.

        Raises
        ------
        OutputError
            If it is of another network.
        """
        for ours, theirs in (
            (self.model.variables, state.variables),
            (self.optimizer.variables, state.optimizer),
        ):
            shapes = [tuple(variable.shape) for variable in ours]
            if shapes != [array.shape for array in theirs]:
                raise OutputError(
                    f"{where} is a checkpoint of another network than {self.settings.model} with "
                    "these settings; choose another --out, or the settings that it was begun with"
                )
            for variable, array in zip(ours, theirs, strict=True):
                variable.assign(array)

    def keep(self, state: State) -> None:
        state.variables = self.weights()
        state.optimizer = [variable.numpy() for variable in self.optimizer.variables]


def build(problem: Problem, settings: NetworkSettings) -> Any:
    """An untrained network, from rows to logits."""
    _, keras = import_tensorflow()
    entry = settings.build_model()
    wanted = 2 if entry.inputs == "image" else 1
    if len(problem.shape) != wanted:
        got = " by ".join(map(str, problem.shape))
        raise ConfigError(
            f"{settings.model} learns from "
            + ("one feature with two axes, such as log_mel" if wanted == 2 else "flat features")
            + f"; rows of {got} numbers arrived. Choose other features"
        )
    policy = keras.config.dtype_policy()
    # bfloat16 has the range of float32, so no loss needs scaling, and CPUs have it too.
    keras.config.set_dtype_policy("mixed_bfloat16" if settings.mixed_precision else "float32")
    try:
        return entry.build(problem.shape, len(problem.classes), problem.mean, problem.variance)
    finally:
        keras.config.set_dtype_policy(policy)


def seeded(model: Any, seed: int) -> Any:
    """The same network with first weights and dropout that follow from a seed.

    Without one, Keras draws from Python's global `random`, and so do threads of Ray.
    """
    rng = np.random.default_rng(seed)

    def fill(part: Any) -> Any:
        if isinstance(part, list | tuple):
            return type(part)(fill(item) for item in part)
        if not isinstance(part, dict):
            return part
        return {
            key: int(rng.integers(1, 2**31)) if key == "seed" and value is None else fill(value)
            for key, value in part.items()
        }

    return type(model).from_config(fill(model.get_config()))


def import_tensorflow() -> tuple[Any, Any]:
    """TensorFlow and Keras, without what they say on stderr while they look for a GPU.

    Raises
    ------
    ConfigError
        If they are not installed, or Keras is set to another backend.
    """
    with quiet():
        try:
            import keras
            import tensorflow as tf
        except ImportError as error:
            raise ConfigError(
                f"networks need TensorFlow: pip install 'emodist[networks]' ({error})"
            ) from None
        if keras.backend.backend() != "tensorflow":
            raise ConfigError(
                f"networks need Keras on TensorFlow; KERAS_BACKEND={keras.backend.backend()}"
            )
        tf.config.list_physical_devices()
    return tf, keras


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what C++ libraries say on stderr; Python's exceptions are raised as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


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
    report: Report | None = None,
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
    report : callable, optional
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
            _finish(epoch, state, report)
            if state.is_over(settings, problem.has_dev):
                return state
            epoch = _Epoch(learner, problem, state)
        epoch.add(batch, does_learn, report)
    _finish(epoch, state, report)
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

    def add(self, batch: Batch, does_learn: bool, report: Report | None) -> None:
        if not does_learn:
            self._judge(batch)
            return
        step = self.state.epoch * self.problem.steps + len(self.losses)
        self.rate = learning_rate(self.learner.settings, step, self.problem.steps)
        self.losses.append(self.learner.learn(batch, self.rate))
        self.n_rows += int(np.count_nonzero(batch.weight))
        self.learned_s = time.monotonic() - self.started
        if report is not None and time.monotonic() - self.told > self.TELL_EVERY_S:
            self.told = time.monotonic()
            report(self._progress(), None)

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


def _finish(epoch: _Epoch, state: State, report: Report | None) -> None:
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
    if report is not None:
        report(progress, state)


def predict(model: Any, take: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """What a model says of rows, shape (len(rows), n_classes), a few hundred rows at a time."""
    parts = [np.asarray(model(take(part), training=False)) for part in _parts(rows)]
    return np.concatenate(parts) if parts else np.zeros((0, model.output_shape[-1]))


def _parts(rows: np.ndarray, n_rows: int = 256) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), n_rows):
        yield rows[start : start + n_rows]


def balanced(y: np.ndarray, n_classes: int) -> np.ndarray:
    """Weight of each class, so that all count the same; 0 for a class without rows.

    Examples
    --------
    >>> balanced(np.array([0, 0, 0, 1]), 2).round(2).tolist()
    [0.67, 2.0]
    """
    counts = np.bincount(y, minlength=n_classes)
    return np.where(counts > 0, len(y) / (np.maximum(counts, 1) * max((counts > 0).sum(), 1)), 0.0)
