"""A network leaves the house: other programs say what the bundle says."""

import json

import numpy as np
import pytest

from emodist import cli
from emodist.errors import ConfigError
from emodist.models import bundle, card, network_bundle
from emodist.models.card import Card, Learned
from emodist.network_training import fitting, learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem

pytestmark = pytest.mark.tf
MODELS = {
    "mlp_net": ({"width": 8}, (6,)),
    "deep_cnn": ({"filters": 4, "pool": (1, 1)}, (16, 24)),
    "transformer": ({"width": 8, "heads": 2, "patch": (8, 4), "pool": (1, 1)}, (16, 24)),
    "bilstm": ({"units": 4, "pool": (1, 1)}, (16, 24)),
}


def saved(folder, name) -> np.ndarray:
    """A bundle with first weights, and rows for it."""
    chosen, shape = MODELS[name]
    settings = NetworkSettings(model=name, model_settings=chosen)
    mean, variance = np.full(shape[0], -40.0), np.full(shape[0], 90.0)
    problem = Problem(shape, ("angry", "sad"), mean, variance, np.ones(2), 1, True)
    first = learner.seeded(learner.build(problem, settings), 0)
    weights = [variable.numpy() for variable in first.variables]
    network_bundle.write_model(
        str(folder), fitting.with_probabilities(problem, settings, weights, 1.7)
    )
    card.write(str(folder), described(settings, shape))
    return np.random.default_rng(0).normal(-40, 9, size=(5, *shape)).astype(np.float32)


def described(settings, shape) -> Card:
    return Card(
        kind="network",
        settings=settings.identity(),
        classes=("angry", "sad"),
        columns=("log_mel",),
        names=("log_mel",),
        shape=shape,
        temperature=1.7,
        featurized={},
        origin={},
        metrics=None,
        data=Learned("", "", 0, 0, {}),
        versions={},
    )


def exported(folder, kind) -> str:
    words = ["export-model", f"{folder}/b", "--out", f"{folder}/e", "--format", kind]
    assert cli.main(words) == 0
    about = json.loads((folder / "e" / "about.json").read_text())
    assert about["classes"] == ["angry", "sad"]
    return f"{folder}/e/" + {"saved_model": kind}.get(kind, f"model.{kind}")


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_says_what_the_bundle_says(tmp_path, name):
    import tensorflow as tf

    x = saved(tmp_path / "b", name)
    expected = np.asarray(bundle.load(str(tmp_path / "b")).model(x))
    loaded = tf.saved_model.load(exported(tmp_path, "saved_model"))
    np.testing.assert_allclose(loaded.serve(x).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_litert_says_what_the_bundle_says_without_tensorflow(tmp_path, name):
    from ai_edge_litert.interpreter import Interpreter

    x = saved(tmp_path / "b", name)
    expected = np.asarray(bundle.load(str(tmp_path / "b")).model(x))
    network = Interpreter(exported(tmp_path, "tflite"))
    (given,), (found,) = network.get_input_details(), network.get_output_details()
    # Recurrent layers take one row at a time.
    n_rows = 1 if name == "bilstm" else 5
    if n_rows > 1:
        network.resize_tensor_input(given["index"], x.shape)
    network.allocate_tensors()
    for start in range(0, 5, n_rows):
        rows = slice(start, start + n_rows)
        network.set_tensor(given["index"], x[rows])
        network.invoke()
        said = network.get_tensor(found["index"])
        np.testing.assert_allclose(said, expected[rows], rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "bilstm"])
def test_onnx_runtime_says_what_the_bundle_says(tmp_path, name):
    import onnxruntime

    x = saved(tmp_path / "b", name)
    expected = np.asarray(bundle.load(str(tmp_path / "b")).model(x))
    session = onnxruntime.InferenceSession(exported(tmp_path, "onnx"))
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_recurrent_layers_in_onnx_are_refused_in_one_line(tmp_path, capsys):
    saved(tmp_path / "b", "bilstm")
    words = ["export-model", f"{tmp_path}/b", "--out", f"{tmp_path}/e", "--format", "onnx"]
    assert cli.main(words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "bilstm has recurrent layers" in line
    assert "saved_model or tflite" in line


def test_a_damaged_or_foreign_model_is_not_loaded(tmp_path):
    import keras

    saved(tmp_path / "b", "mlp_net")
    (tmp_path / "b" / "model.keras").write_bytes(b"PK nothing")
    with pytest.raises(ConfigError, match=r"model\.keras is not loaded"):
        bundle.load(str(tmp_path / "b"))
    # A lambda is code in the file.
    inputs = keras.Input((6,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(tmp_path / "b/model.keras")
    with pytest.raises(ConfigError, match=r"model\.keras is not loaded"):
        bundle.load(str(tmp_path / "b"))
    (tmp_path / "b" / "model.keras").unlink()
    with pytest.raises(ConfigError, match=r"has no model\.keras"):
        bundle.load(str(tmp_path / "b"))
