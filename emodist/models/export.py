"""A network in a format that other programs run: SavedModel, TFLite or ONNX."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from emodist import storage
from emodist.errors import ConfigError
from emodist.models.network_bundle import NetworkBundle
from emodist.network_training.tensorflow import import_tensorflow, quiet

FORMATS = ("saved_model", "tflite", "onnx")
Format = Literal["saved_model", "tflite", "onnx"]


def export(bundle: NetworkBundle, out: str, form: Format) -> str:
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
        target = Path(folder, {"tflite": "model.tflite", "onnx": "model.onnx"}.get(form, form))
        _WRITERS[form](bundle.model, target)
        files = [target] if target.is_file() else [f for f in target.rglob("*") if f.is_file()]
        for file in files:
            storage.write(storage.join(out, *file.relative_to(folder).parts), file.read_bytes())
        about = {key: getattr(bundle.card, key) for key in ("classes", "columns", "names", "shape")}
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
