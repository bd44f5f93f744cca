"""Which Keras network with which settings, judged by people whom the choice never saw (`_nested`).

A step of a trial is a rung of epochs on all folds of its search: a ninth of them, a third, all.
After each, the best third of a search goes on (ASHA), so that what is given up has cost a ninth;
and it is judged on all folds, since one fold of few speakers says little about a network. What a
trial has learned lies in its scratch folder as it does in a training's checkpoint, so that the
next step, or the same command after a break, goes on from there in whatever process.

A score is that of the epoch which the development speakers of each training side chose, on the
fold's test rows: they stop a network, and never choose between networks.

TensorFlow gives its memory back when its process ends, and not before. So on Ray each trial has a
process of its own, and without Ray a process does a few steps (`STEPS_PER_PROCESS`). Shares of a
GPU are Ray's (`gpus_per_trial`); that a cluster without one is refused has been tried, but no
trial has run on a GPU yet.

On several machines, `out` is best a place that all reach (`s3://`, a shared disk): what a trial
keeps on a disk of its own machine is lost with it, and is trained again.
"""

import contextlib
import copy
import dataclasses
import hashlib
import importlib.util
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np

from emodist import storage
from emodist.errors import ConfigError, EmodistError
from emodist.learning import classifier, fingerprint
from emodist.learning.classifier import Prediction
from emodist.learning.dataset import Dataset
from emodist.learning.folds import Fold
from emodist.models import judging
from emodist.network_training import batches, fitting, loop, tensorflow
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource, Source, TableSource
from emodist.sweeps.proposals import Values
from emodist.sweeps.trials import Kind, Row, SweepSettings
from emodist.tuning._kept import Kept
from emodist.tuning._nested import Nested, counted, inner_folds, own
from emodist.tuning._network_sweep import SEARCHED, NetworkSweep, columns_of, inputs, parts, space
from emodist.tuning._refits import NetworkRefits


@dataclasses.dataclass(frozen=True, eq=False)
class Network(Nested):
    """The problem that workers get a copy of.

    `data` has keys alone: what a network sees of a row is in `sources`, by the network's name.
    They are read from the table where they are needed, and kept as long as the process.
    """

    SETTINGS: ClassVar[type[SweepSettings]] = NetworkSweep
    ENTRIES: ClassVar[tuple[str, str]] = ("models", "networks")
    # A step is a rung.
    RUNGS: ClassVar[Collection[int]] = (1, 2)

    sources: Mapping[str, Source]

    @classmethod
    def load(cls, table: str, settings: SweepSettings) -> "Network":
        """The problem of a table.

        Raises
        ------
        ConfigError
            If the table does not fit the settings, or TensorFlow is not installed.
        """
        assert isinstance(settings, NetworkSweep)
        if importlib.util.find_spec("tensorflow") is None:
            raise ConfigError("networks need TensorFlow: pip install 'emodist[networks]'")
        data = judging.labelled(table, [])
        columns = columns_of(table, settings)
        read: dict[tuple[str, ...], Source] = {
            names: TableSource(storage.absolute(table), data, names) for names in columns.values()
        }
        return cls.of(data, {model: read[names] for model, names in columns.items()}, settings)

    @classmethod
    def of(cls, data: Dataset, sources: Mapping[str, Source], settings: NetworkSweep) -> "Network":
        """The problem of labelled rows, and what each network that can be chosen sees of them."""
        data.targets()
        settings = dataclasses.replace(settings, models=tuple(sources))
        base = settings.of(settings.models[0])
        outer = classifier.make_folds(data, base)
        inner = inner_folds(data, outer, settings.inner_folds)
        # Whoever stops the training has to be had in each training side; a trial would find out
        # one by one.
        nothing = ArraySource(np.zeros((len(data), 1), np.float32))
        for fold in (*outer, *(fold for folds in inner.values() for fold in folds)):
            try:
                fitting.task(nothing, data, fold.train, base)
            except ConfigError as error:
                raise ConfigError(f"{fold.name}: {error}") from None
        return cls(settings, data, outer, inner, space(settings), sources)

    def applies(self, name: str, values: Values) -> bool:
        owner, dot, _ = name.partition(".")
        model = values.get("model", self.settings.models[0])
        return not dot or owner in (model, inputs(model))

    def n_steps(self, search: str) -> int:
        return len(self.settings.rungs())

    def step(self, row: Row) -> dict[str, Any]:
        """A rung of epochs on each fold, and what the networks say of its test rows then."""
        kept = Kept(row["scratch"], row["values"])
        known = kept.steps()
        if len(row["steps"]) < len(known):
            return known[len(row["steps"])]
        epochs = self.settings.rungs()[len(row["steps"])]
        settings = dataclasses.replace(self.settings_of(row["values"]), calibrate=False)
        prediction = self.learned(self.folds(row["search"]), settings, epochs, kept)
        counts = counted(self.data, prediction)
        step = {"name": f"{epochs} epochs", **counts, "score": self.score([counts])}
        kept.keep_step([*known, step])
        return step

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        """UAR over the rows of all folds, of the last rung."""
        return super().score(steps[-1:])

    def learned(
        self, folds: Sequence[Fold], settings: NetworkSettings, epochs: int, kept: Kept
    ) -> Prediction:
        """What networks of so many epochs say of the test rows of folds."""
        _begin(self.settings.cpus_per_trial, self.settings.gpus_per_trial > 0)
        source = fitting.scaled(self.sources[settings.model], self.data, settings)
        y, _ = self.data.targets()
        parts = []
        for fold in folds:
            todo = fitting.task(source, self.data, fold.train, settings)
            state = kept.state(fold)
            if state.epoch < epochs and not state.is_over(settings, todo.problem.has_dev):
                learner = Learner(todo.problem, settings)
                if state.epoch:
                    learner.restore(state, kept.place(fold) or "")
                schedule = todo.schedule(source, settings, range(state.epoch, epochs))
                chunks = batches.chunks(source, y, schedule, settings.batch_size)
                state = loop.train(learner, todo.problem, chunks, state)
                kept.keep_state(fold, state)
            network = fitting.finish(todo, source, y, settings, state)
            parts.append(network.probabilities(source, fold.test))
        return Prediction(
            np.concatenate([fold.test for fold in folds]),
            np.concatenate([np.full(len(fold.test), fold.name, dtype=object) for fold in folds]),
            np.concatenate(parts).astype(float),
        )

    def fingerprint(self) -> str:
        """Of rows and labels, and of all numbers that networks see."""
        digest = hashlib.sha256(fingerprint.numbers(self.data).encode())
        for source in dict.fromkeys(self.sources.values()):
            # A copy, which keeps what it reads no longer than this.
            reading = copy.copy(source)
            for group in np.unique(source.groups):
                rows = reading.take(np.flatnonzero(source.groups == group))
                digest.update(np.ascontiguousarray(rows).tobytes())
        return digest.hexdigest()

    def settings_of(self, values: Values) -> NetworkSettings:
        model = values.get("model", self.settings.models[0])
        changes = values.get(f"{inputs(model)}.augment", self.settings.changes(model)[0])
        more: dict[str, Any] = {name: values[name] for name in SEARCHED if name in values}
        if self.settings.features is not None:
            source = self.sources[model]
            more["features"] = source.columns if isinstance(source, TableSource) else None
        fixed = self.settings.model_settings.get(model, {})
        return self.settings.of(
            model, model_settings={**fixed, **own(values, model)}, augment=parts(changes), **more
        )

    def words(self, values: Values) -> str:
        """As settings of `emodist train`."""
        plain = {
            name.removeprefix("image.").removeprefix("vector."): values[name] for name in values
        }
        if "augment" in plain:
            plain["augment"] = ",".join(parts(plain["augment"]))
        return super().words({name: value for name, value in plain.items() if value != ""})

    def refits(self, rows: Sequence[Row]) -> NetworkRefits | None:
        winners = self.winners(rows)
        if winners is None:
            return None
        return NetworkRefits(self, {name: row["values"] for name, row in winners.items()})

    def _judged(self, winners: Mapping[str, Row], rows: Sequence[Row]) -> list[Prediction]:
        refitted = {row["search"]: row for row in rows}
        parts = []
        for fold in self.outer:
            row = refitted[f"refit/{fold.name}"]
            if row["score"] is None:
                raise EmodistError(
                    f"the winner of {fold.name} could not be fitted on its whole training side: "
                    f"{row['message']}. The same command tries again"
                )
            said = np.array(row["steps"][-1]["probabilities"])
            names = np.full(len(fold.test), fold.name, dtype=object)
            parts.append(Prediction(fold.test, names, said))
        return parts


# mypy sees here that it is all that a kind is.
_KIND: type[Kind] = Network


@cache
def _begin(n_threads: int, uses_gpu: bool) -> None:
    """TensorFlow in this process, for one of several trials at once."""
    tf, _ = tensorflow.import_tensorflow()
    # It warns of functions that are traced again: each trial is another network.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    gpus = tf.config.list_physical_devices("GPU")
    if uses_gpu and not gpus:
        raise ConfigError(
            "gpus_per_trial gives this process a GPU, but TensorFlow finds none; install "
            "tensorflow[and-cuda] there, or set it to 0"
        )
    # Too late where TensorFlow has computed already: it stays as it is.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(n_threads)
        tf.config.threading.set_inter_op_parallelism_threads(n_threads)
        if not uses_gpu:
            tf.config.set_visible_devices([], "GPU")
        for gpu in gpus if uses_gpu else ():
            # Trials share it: none takes all of its memory.
            tf.config.experimental.set_memory_growth(gpu, True)
