"""One network from given rows of a table, in this process: the whole way, without Ray.

Everything that learns is fitted on the training rows alone: the normalization inside the network,
class weights, weights, and, on development speakers taken from them, the epoch to stop at and the
temperature. `speaker_norm` is as for the classifiers: each speaker's own rows, no label.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from emodist.errors import ConfigError
from emodist.learning import calibration, speaker_norm, splits
from emodist.learning.classifier import Prediction
from emodist.learning.dataset import Dataset
from emodist.learning.folds import Fold
from emodist.learning.speaker_norm import Statistics
from emodist.network_training import batches, learner, loop, sources, tensorflow
from emodist.network_training.batches import Augment, Window
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource, ScaledSource, Source
from emodist.network_training.state import Heard, Problem, Progress, State

# Statistics of the speakers of some rows of a source, here or on a cluster (`sources.statistics`).
Measure: TypeAlias = Callable[[Source, np.ndarray, np.ndarray], Statistics]


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A trained network: a `keras.Model` from raw rows to calibrated probabilities.

    `history` has one row per epoch; `dev` are the metrics of the development speakers, who chose
    the epoch, so that they are somewhat too good; None without such speakers.
    """

    model: Any
    temperature: float
    history: list[dict[str, float]]
    best_epoch: int
    dev: dict[str, float] | None

    def probabilities(self, source: Source, rows: np.ndarray) -> np.ndarray:
        """Shape (len(rows), n_classes)."""
        return learner.predict(self.model, source.take, rows)


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Rows to learn from and rows that say when to stop, and what follows from them."""

    problem: Problem
    train: np.ndarray
    dev: np.ndarray
    n_together: int

    def schedule(
        self, source: Source, settings: NetworkSettings, epochs: range
    ) -> Iterator[Window]:
        """Windows of some epochs."""
        return batches.schedule(
            source.groups, self.train, self.dev, epochs, settings.seed, self.n_together
        )


def source_of(data: Dataset, model: str) -> ArraySource:
    """The rows of a dataset in memory; the image if one was loaded, else the flat numbers.

    `model` is named where they do not fit.

    Raises
    ------
    ConfigError
        If there is an image and something else.
    """
    if not data.images:
        return ArraySource(data.x)
    if len(data.images) > 1 or data.x.shape[1]:
        names = ", ".join(dict.fromkeys([*data.images, *data.columns]))
        raise ConfigError(f"{model} learns from one image alone; got {names}")
    return ArraySource(next(iter(data.images.values())))


def scaled(
    source: Source,
    data: Dataset,
    settings: NetworkSettings,
    statistics: Measure = sources.statistics,
) -> Source:
    """The source itself, or with `speaker_norm` each row by its speaker's mean and spread.

    Raises
    ------
    ConfigError
        If `speaker_norm` is asked for and a speaker is unknown.
    """
    if not settings.speaker_norm:
        return source
    data.speakers()
    who, is_variant = speaker_norm.voices(data), data.is_variant()
    known = statistics(source, np.flatnonzero(~is_variant), who)
    # Of what was really said, if anything was.
    alone = np.array([voice not in known for voice in who], bool)
    if alone.any():
        known |= statistics(source, np.flatnonzero(alone), who)
    return ScaledSource(source, who, known)


def task(
    source: Source,
    data: Dataset,
    rows: np.ndarray,
    settings: NetworkSettings,
    statistics: Measure = sources.statistics,
) -> Task:
    """What is to be learned from `rows` of `data`.

    Raises
    ------
    ConfigError
        If there are no development speakers to be had, or fewer than two classes.
    """
    y, classes = data.targets()
    if len(np.unique(y[rows])) < 2:
        raise ConfigError(
            f"two classes or more are needed; all {len(rows)} training rows are "
            f"{classes[int(y[rows[0]])]!r}"
        )
    train, dev = _development(data, rows, settings)
    everyone = np.zeros(len(data), int)
    moments = statistics(source, train, everyone)[0]
    weight = np.ones(len(classes))
    if settings.balance == "weights":
        weight = loop.balanced(y[train], len(classes))
    row_bytes = 4 * int(np.prod(source.shape))
    n_together = max(settings.batch_size, int(settings.shuffle_mb * 2**20 / row_bytes))
    problem = Problem(
        shape=source.shape,
        classes=classes,
        mean=moments.mean,
        variance=sources.spread(moments) ** 2,
        class_weight=weight,
        steps=batches.n_steps(source.groups, train, settings.batch_size, n_together),
        has_dev=len(dev) > 0,
    )
    return Task(problem, train, dev, n_together)


def fit(
    source: Source,
    data: Dataset,
    rows: np.ndarray,
    settings: NetworkSettings,
    heard: Heard | None = None,
    augment: Augment | None = None,
) -> Network:
    """A network from some rows, trained in this process.

    Parameters
    ----------
    source : Source
        What the network sees of each row of `data`, already brought to its speaker (`scaled`).
    data : Dataset
        Labels and speakers; its features are not looked at.
    rows : int array
        The training side: row numbers. Others are never read.
    heard : callable, optional
        Hears of progress.
    augment : callable, optional
        `(batch, rng) -> batch`, for training batches alone.

    Raises
    ------
    ConfigError
        If the rows do not fit the settings.
    """
    todo = task(source, data, rows, settings)
    y, _ = data.targets()
    learner = Learner(todo.problem, settings)
    schedule = todo.schedule(source, settings, range(settings.epochs))
    chunks = batches.chunks(source, y, schedule, settings.batch_size)
    state = loop.train(learner, todo.problem, chunks, State(), heard, augment)
    return finish(todo, source, y, settings, state)


def finish(
    todo: Task, source: Source, y: np.ndarray, settings: NetworkSettings, state: State
) -> Network:
    """The network of a finished training: its best epoch, calibrated on development speakers."""
    model = with_probabilities(todo.problem, settings, state.best, 1.0)
    if not len(todo.dev):
        return Network(model, 1.0, state.history, state.best_epoch, None)
    said = learner.predict(model, source.take, todo.dev)
    said = said / said.sum(axis=1, keepdims=True)
    temperature = 1.0
    if settings.calibrate:
        temperature = calibration.fit_temperature(y[todo.dev], said)
        model = with_probabilities(todo.problem, settings, state.best, temperature)
    best = state.history[state.best_epoch - 1]
    dev = {"uar": best["dev_uar"], "loss": best["dev_loss"], "n_rows": float(len(todo.dev))}
    return Network(model, temperature, state.history, state.best_epoch, dev)


def with_probabilities(
    problem: Problem, settings: NetworkSettings, weights: Sequence[np.ndarray], temperature: float
) -> Any:
    """A model in float32 with the given weights, from raw rows to probabilities."""
    _, keras = tensorflow.import_tensorflow()
    logits = learner.build(problem, dataclasses.replace(settings, mixed_precision=False))
    for variable, array in zip(logits.variables, weights, strict=True):
        variable.assign(array)
    calm = keras.layers.Rescaling(1.0 / temperature, name="temperature")(logits.output)
    return keras.Model(
        logits.input, keras.layers.Softmax(name="probabilities")(calm), name=settings.model
    )


def out_of_fold(
    data: Dataset,
    folds: Sequence[Fold],
    settings: NetworkSettings,
    source: Source | None = None,
    tell: Callable[[str, Progress], None] | None = None,
    augment: Augment | None = None,
) -> Prediction:
    """Probabilities for each tested row from a network that saw only its fold's training side.

    Parameters
    ----------
    source : Source, optional
        Default: the features of `data`, in memory.
    tell : callable, optional
        Hears the fold's name with each progress.
    """
    source = scaled(source_of(data, settings.model) if source is None else source, data, settings)
    parts = []
    for fold in folds:

        def heard(progress: Progress, state: State | None, name: str = fold.name) -> None:
            if tell is not None:
                tell(name, progress)

        network = fit(source, data, fold.train, settings, heard, augment)
        parts.append(network.probabilities(source, fold.test))
    return Prediction(
        np.concatenate([fold.test for fold in folds]),
        np.concatenate([np.full(len(fold.test), fold.name, dtype=object) for fold in folds]),
        np.concatenate(parts).astype(float),
    )


def _development(
    data: Dataset, rows: np.ndarray, settings: NetworkSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Training rows, and the rows of the speakers who are kept aside from them.

    Augmented variants train where their original does, and are never among the others.
    """
    rows = rows[~data.is_variant()[rows]]
    if settings.dev_fraction == 0:
        return data.with_variants(rows), rows[:0]
    people = data.people()[rows]
    known = {person for person in people if person is not None}
    n_folds = min(max(2, round(1 / settings.dev_fraction)), max(2, len(known)))
    try:
        folds = splits.inner(rows, data.people(), data.label, n_folds)
    except ConfigError as error:
        raise ConfigError(
            f"development speakers cannot be kept aside from the training rows: {error}. "
            "dev_fraction=0 trains without them, for all epochs"
        ) from None
    chosen = folds[settings.seed % len(folds)]
    return data.with_variants(chosen.train), chosen.test
