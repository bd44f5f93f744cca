"""A network, its optimizer and the compiled steps, on one of the workers.

`model.fit` of Keras 3 does not run under `MultiWorkerMirroredStrategy`, so the steps are written
out: each worker computes the gradient of its part of a global batch, the sum over all workers is
applied by each, and batch norm takes its statistics over all. Loss weights are divided by the size
of the global batch, so the number of workers changes nothing but rounding.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from emodist.errors import ConfigError, OutputError
from emodist.network_training.batches import Batch
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem, State
from emodist.network_training.tensorflow import import_tensorflow

# Norms, biases and places of patches are not weights that could grow too large.
NO_DECAY = ["bias", "gamma", "beta"]


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


def predict(model: Any, take: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """What a model says of rows, shape (len(rows), n_classes), a few hundred rows at a time."""
    parts = [np.asarray(model(take(part), training=False)) for part in _parts(rows)]
    return np.concatenate(parts) if parts else np.zeros((0, model.output_shape[-1]))


def _parts(rows: np.ndarray, n_rows: int = 256) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), n_rows):
        yield rows[start : start + n_rows]
