"""A bundle of a network: a saved Keras model in a folder, with all it takes to use and judge it.

- `bundle.json`: settings, classes, the columns and shape it wants, how features were made, its
  metrics, the licence of its data, versions;
- `model.keras`: the network in Keras's own format, from raw rows to calibrated probabilities.
  Normalization and temperature are in it, every layer is Keras's own, and it is loaded in Keras's
  safe mode, which runs no code from the file;
- `history.csv`, `training_curves.png`, `tensorboard/`: how it learned (`network_records`);
- `rows.parquet`: the keys of the rows that it learned from.

`emodist.models.bundle.load` opens both kinds of bundles.
"""

import dataclasses
import importlib.metadata
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emodist import storage
from emodist.errors import ConfigError
from emodist.learning.dataset import Dataset
from emodist.network_training import fitting
from emodist.network_training.learner import predict
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import Source
from emodist.network_training.tensorflow import import_tensorflow, quiet

PACKAGES = ("tensorflow", "keras", "ray", "numpy")
FORMATS = ("saved_model", "tflite", "onnx")
Format = Literal["saved_model", "tflite", "onnx"]


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkBundle:
    """A network ready to use; `about` is what `bundle.json` holds."""

    model: Any
    about: dict[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.about["classes"])

    @property
    def columns(self) -> tuple[str, ...]:
        """The feature columns that it takes, to be named when a table is loaded."""
        return tuple(self.about["columns"])

    def probabilities(self, data: Dataset) -> np.ndarray:
        """Of rows that need no label, shape (n_rows, n_classes).

        Parameters
        ----------
        data : Dataset
            With the columns of the bundle and no others, as `dataset.load(table, columns)` gives
            them. A bundle that was trained with `speaker_norm` needs the speakers too, and brings
            the rows to them by itself.

        Raises
        ------
        ConfigError
            If the rows are not those that the network was trained on.
        """
        settings = NetworkSettings(**_settings(self.about))
        source: Source = fitting.source_of(data, settings)
        names = [str(name) for name in data.names] or list(data.images)
        if names != self.about["names"] or list(source.shape) != self.about["shape"]:
            raise ConfigError(
                f"the bundle was trained on {self._rows(self.about['names'], self.about['shape'])};"
                f" got {self._rows(names, source.shape)}. Featurize with the settings in "
                "bundle.json, and load its columns"
            )
        source = fitting.scaled(source, data, settings)
        found = predict(self.model, source.take, np.arange(len(data))).astype(float)
        # Rounding of single precision.
        return found / found.sum(axis=1, keepdims=True)

    @staticmethod
    def _rows(names: list[str], shape: Any) -> str:
        size = " by ".join(map(str, shape))
        return f"{size} numbers a row ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"


def write_model(uri: str, model: Any) -> None:
    """`model.keras` in a bundle's folder."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.keras")
        model.save(file)
        storage.write(storage.join(uri, "model.keras"), file.read_bytes())


def load(uri: str, about: dict[str, Any]) -> NetworkBundle:
    """A bundle whose `bundle.json` has been read.

    Raises
    ------
    ConfigError
        If the model is missing, or is not one that Keras loads without running foreign code.
    """
    try:
        content = storage.read(storage.join(uri, "model.keras"))
    except FileNotFoundError:
        raise ConfigError(f"{uri} is no bundle: it has no model.keras") from None
    _, keras = import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.keras")
        file.write_bytes(content)
        try:
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(f"{uri}/model.keras is not loaded: {reason}") from None
    return NetworkBundle(model, about)


def versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def export(found: NetworkBundle, out: str, kind: Format) -> str:
    """The network in a format that other programs run; where it was written.

    Rows go in as they stand in the table (float32, shape (n, *shape)), probabilities come out, in
    the order of the bundle's classes.

    - `saved_model`: a folder `saved_model/` for TensorFlow Serving, and for `tf.saved_model.load`;
    - `tflite`: `model.tflite` for LiteRT, float32 without quantization; any number of rows after
      `resize_tensor_input`, but one at a time where layers are recurrent;
    - `onnx`: `model.onnx` for ONNX Runtime.

    Raises
    ------
    ConfigError, OutputError
        If the format cannot be had here, or `out` cannot be written.
    """
    out = storage.absolute(out)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, {"tflite": "model.tflite", "onnx": "model.onnx"}.get(kind, kind))
        _WRITERS[kind](found.model, target)
        files = [target] if target.is_file() else [f for f in target.rglob("*") if f.is_file()]
        for file in files:
            storage.write(storage.join(out, *file.relative_to(folder).parts), file.read_bytes())
        about = {key: found.about[key] for key in ("classes", "columns", "names", "shape")}
        storage.write(storage.join(out, "about.json"), (json.dumps(about) + "\n").encode())
    return storage.join(out, target.name)


def _saved_model(model: Any, target: Path) -> None:
    with quiet():
        model.export(target, format="tf_saved_model", verbose=False)


def _tflite(model: Any, target: Path) -> None:
    tf, _ = import_tensorflow()
    with quiet():
        try:
            made = tf.lite.TFLiteConverter.from_concrete_functions([_graph(model, None)]).convert()
        except Exception:
            # Loops of recurrent layers need to know the number of rows, or operations that LiteRT
            # does not have by itself.
            made = tf.lite.TFLiteConverter.from_concrete_functions([_graph(model, 1)]).convert()
    target.write_bytes(made)


def _onnx(model: Any, target: Path) -> None:
    try:
        import tf2onnx
    except ImportError:
        raise ConfigError("--format onnx needs tf2onnx: pip install 'emodist[onnx]'") from None
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    if any(
        "LSTM" in type(layer).__name__ or "Bidirectional" in type(layer).__name__
        for layer in model.layers
    ):
        raise ConfigError(
            f"{model.name} has recurrent layers, whose loops tf2onnx writes in a way that ONNX "
            "Runtime does not load; take --format saved_model or tflite"
        )
    # Not `model.export`: Keras 3.15 makes inputs of the numbers of the normalization.
    with quiet():
        frozen = convert_variables_to_constants_v2(_graph(model, None))
        made, _ = tf2onnx.convert.from_graph_def(
            frozen.graph.as_graph_def(),
            input_names=[frozen.inputs[0].name],
            output_names=[frozen.outputs[0].name],
            opset=17,
        )
    target.write_bytes(made.SerializeToString())


def _graph(model: Any, n_rows: int | None) -> Any:
    """The model as a graph for so many rows at a time; None: any number."""
    tf, _ = import_tensorflow()
    rows = tf.TensorSpec((n_rows, *model.input_shape[1:]), tf.float32, "features")
    return tf.function(lambda features: model(features, training=False)).get_concrete_function(rows)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "saved_model": _saved_model,
    "tflite": _tflite,
    "onnx": _onnx,
}


def _settings(about: dict[str, Any]) -> dict[str, Any]:
    """Settings of a bundle as they are given; JSON has lists for tuples."""
    found = {k: v for k, v in about["settings"].items() if k != "plugin_files"}
    if found["features"] is not None:
        found["features"] = tuple(found["features"])
    return found
