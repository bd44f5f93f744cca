"""A network on one worker: what is built, what follows from the seed, what it says."""

import dataclasses

import numpy as np
import pytest

from emodist.errors import ConfigError, OutputError
from emodist.network_training import learner
from emodist.network_training.batches import Batch
from emodist.network_training.learner import Learner
from emodist.network_training.state import State
from tests.network_training.test_loop import SETTINGS, task

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def problem():
    return task()[2]


@pytest.fixture(scope="module")
def made(problem):
    return Learner(problem, SETTINGS)


def test_rows_of_the_wrong_shape_name_what_arrived(problem):
    images = dataclasses.replace(SETTINGS, model="deep_cnn", model_settings={})
    with pytest.raises(ConfigError, match="two axes, such as log_mel; rows of 6 numbers arrived"):
        learner.build(problem, images)
    with pytest.raises(ConfigError, match="flat features; rows of 16 by 24 numbers arrived"):
        learner.build(dataclasses.replace(problem, shape=(16, 24)), SETTINGS)


def test_half_precision_is_of_this_network_alone(problem):
    from emodist.network_training.tensorflow import import_tensorflow

    _, keras = import_tensorflow()
    before = keras.config.dtype_policy().name
    learner.build(problem, dataclasses.replace(SETTINGS, mixed_precision=True))
    assert keras.config.dtype_policy().name == before


def test_first_weights_follow_from_the_seed(problem, made):
    again = Learner(problem, SETTINGS)
    other = Learner(problem, dataclasses.replace(SETTINGS, seed=1))
    for one, same in zip(made.weights(), again.weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    assert any((one != two).any() for one, two in zip(made.weights(), other.weights(), strict=True))


def test_a_step_lowers_the_loss_of_its_batch_and_a_kept_state_takes_it_back(problem, made):
    x, y, _ = task()
    weight = np.full(len(y), 1 / len(y), np.float32)
    batch = Batch(x, np.eye(3, dtype=np.float32)[y], weight)
    before, first = State(), float(made.learn(batch, 0.01))
    made.keep(before)
    for _ in range(20):
        last = float(made.learn(batch, 0.01))
    assert last < first
    made.restore(before, "here")
    for one, kept in zip(made.weights(), before.variables, strict=True):
        np.testing.assert_array_equal(one, kept)


def test_a_state_of_another_network_is_refused(made):
    with pytest.raises(OutputError, match="here is a checkpoint of another network than mlp_net"):
        made.restore(State(variables=[np.zeros(3)]), "here")


def test_rows_are_looked_at_in_parts_and_none_at_all_too(made):
    x = np.random.default_rng(0).normal(size=(600, 6)).astype(np.float32)
    sizes = []

    def take(rows):
        sizes.append(len(rows))
        return x[rows]

    said = learner.predict(made.model, take, np.arange(600))
    assert sizes == [256, 256, 88]
    np.testing.assert_allclose(said, made.logits(x), rtol=1e-5, atol=1e-5)
    assert learner.predict(made.model, take, np.arange(0)).shape == (0, 3)
