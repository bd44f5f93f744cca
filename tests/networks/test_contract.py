"""What every network keeps: normalization inside, it learns, and it is saved and loaded whole."""

import dataclasses

import numpy as np
import pytest

from emodist import registry, spaces
from emodist.models import network_bundle
from emodist.network_training import fitting, learner, loop
from emodist.network_training.batches import Batch
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem

NAMES = registry.names("networks")
SHAPES = {"vector": (12,), "image": (32, 24)}
pytestmark = pytest.mark.tf


def shape(name):
    return SHAPES[registry.get("networks", name).inputs]


@pytest.fixture
def rows(request):
    """Two classes that differ in some numbers, far from mean 0 and spread 1, as decibels are."""
    rng = np.random.default_rng(0)
    y = np.arange(48) % 2
    x = rng.normal(size=(48, *shape(request.getfixturevalue("name"))))
    x[y == 1, :6] += 1.5
    return (20 * x - 60).astype(np.float32), y


def settings(name, **more):
    small = dict(getattr(registry.get("networks", name), "SMALL", {}))
    return NetworkSettings(model=name, model_settings=small, warmup_epochs=0, **more)


def problem(x):
    axes = (0, *range(2, x.ndim))
    return Problem(
        x.shape[1:], ("a", "b"), x.mean(axis=axes), x.var(axis=axes), np.ones(2), 4, False
    )


def batch(x, y):
    return Batch(x, np.eye(2, dtype=np.float32)[y], np.full(len(y), 1 / len(y), np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_on_raw_numbers_lower_the_loss(name, rows):
    learner = Learner(problem(rows[0]), settings(name))
    losses = [float(learner.learn(batch(*rows), 0.003)) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_change_of_scale_that_the_statistics_know_changes_nothing(name, rows):
    """So the normalization is inside, and it is the first thing that happens."""
    x, _ = rows
    model = Learner(problem(x), settings(name)).model
    other = Learner(problem(3 * x + 7), settings(name)).model
    np.testing.assert_allclose(
        np.asarray(model(x)), np.asarray(other(3 * x + 7)), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_network_is_loaded_without_code_of_emodist_and_says_the_same(name, rows, tmp_path):
    x, _ = rows
    learner = Learner(problem(x), settings(name))
    model = fitting.with_probabilities(
        problem(x), settings(name), learner.weights(), temperature=2.0
    )
    network_bundle.write_model(str(tmp_path), model)
    loaded = network_bundle.read_model(str(tmp_path))
    found = np.asarray(loaded(x))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found, np.asarray(model(x)), rtol=1e-5)
    logits = np.asarray(learner.model(x)) / 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    # The file names no module but Keras's own.
    config = (tmp_path / "model.keras").read_bytes()
    assert b"emodist" not in _config(config)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_the_wrong_shape_are_refused(name):
    wrong = (4, 4, 4)
    with pytest.raises(loop.ConfigError, match=r"learns from .* 4 by 4 by 4"):
        learner.build(
            dataclasses.replace(problem(np.zeros((2, *shape(name)))), shape=wrong), settings(name)
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_network_says_what_it_is_and_no_classifier_has_its_name(name):
    meaning, _ = registry.describe("networks", name)
    assert meaning.endswith(".")
    assert name not in registry.names("estimators")


@pytest.mark.parametrize("name", ["deep_cnn", "transformer"])
def test_mixed_precision_keeps_logits_and_weights_in_single_precision(name):
    x = np.zeros((2, *shape(name)), np.float32)
    given = problem(np.random.default_rng(0).normal(size=(4, *shape(name))))
    model = learner.build(given, settings(name, mixed_precision=True))
    assert model(x).dtype == "float32"
    assert {str(v.dtype) for v in model.trainable_variables} == {"float32"}
    assert {layer.compute_dtype for layer in model.layers} >= {"bfloat16", "float32"}


@pytest.mark.parametrize("name", NAMES)
def test_every_corner_of_its_space_is_a_network(name):
    entry = registry.get("networks", name)
    corners = list(spaces.corners(entry.SPACE))
    assert corners
    for corner in corners:
        registry.build("networks", name, **corner)
    given = {"image": (128, 128), "vector": (12,)}[entry.inputs]
    largest = NetworkSettings(model=name, model_settings=corners[-1])
    model = learner.build(problem(np.ones((2, *given))), largest)
    assert model.output_shape == (None, 2)


def _config(data):
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read("config.json") + file.read("metadata.json")
