"""SavedModel to prepared folder: the only code of emodist that reads a SavedModel of YAMNet.

Run as `python -m emodist.features._yamnet.convert SOURCE OUT`, so that TensorFlow (5 s of CPU,
0.7 GB) leaves with the process. Exit code 3: the model cannot be had; 4: it is not YAMNet as
published; the last line of stdout says why.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from emodist.errors import ModelUnavailableError, NotYamnetError
from emodist.features._yamnet import frontend

# The network after its conversion against the model's own call.
RTOL, ATOL = 1e-3, 1e-4
# The front end against the model's; rounding of its single-precision FFT included.
_FRONT_END_ATOL = 0.02


def convert(source: str, out: Path) -> None:
    """Fill the folder `out` (see `prepared`) from a SavedModel folder or an https address.

    Raises
    ------
    ModelUnavailableError, NotYamnetError
        With the reason in one line.
    """
    import tensorflow as tf

    model = tf.saved_model.load(_resolved(source))
    frozen, embeddings, scores = _frozen(tf, model)
    probe = _probe()
    inputs = frontend.patches(probe)
    cut, rank = _patches_tensor(tf, frozen, embeddings, probe, inputs)
    core = _core(tf, frozen.prune([cut], [embeddings, scores]), rank)

    own = frozen.prune(frozen.inputs, [embeddings, scores])(tf.constant(probe))
    expected = np.concatenate([part.numpy() for part in own], axis=1)
    if not np.allclose(core(tf.constant(inputs)).numpy(), expected, RTOL, ATOL):
        raise NotYamnetError("its network, fed emodist's patches, disagrees with its own call")

    class_map = Path(model.class_map_path().numpy().decode())
    constant = _constant(core.get_concrete_function())
    (out / "core.pb").write_bytes(constant.graph.as_graph_def().SerializeToString())
    shutil.copyfile(class_map, out / "class_map.csv")
    about: dict[str, Any] = {
        "source": source,
        "tensorflow": tf.__version__,
        "n_embedding": int(own[0].shape[1]),
        "n_classes": int(own[1].shape[1]),
        "input": constant.inputs[0].name,
        "output": constant.outputs[0].name,
        "core_sha256": hashlib.sha256((out / "core.pb").read_bytes()).hexdigest(),
        "litert": _write_litert(tf, core, inputs, expected, out / "core.tflite"),
    }
    # Last: a folder with this file is complete.
    (out / "core.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _resolved(source: str) -> str:
    if "://" not in source:
        return source
    try:
        import tensorflow_hub as hub
    except ImportError as error:
        # tensorflow-hub 0.16 imports pkg_resources, which setuptools 81 and later lack.
        raise ModelUnavailableError(
            f"tensorflow_hub does not import ({error}); it needs setuptools<81"
        ) from error
    try:
        return hub.resolve(source)
    except Exception as error:  # urllib, tarfile, OSError, tf.errors
        raise ModelUnavailableError(f"{type(error).__name__}: {error}") from error


def _frozen(tf, model) -> tuple[Any, Any, Any]:
    """The model's call with its weights as constants, all nested calls inlined."""
    try:
        call = model.__call__.get_concrete_function(tf.TensorSpec([None], tf.float32))
    except (AttributeError, TypeError, ValueError) as error:
        raise NotYamnetError("it cannot be called on a waveform of shape (n_samples,)") from error
    if not hasattr(model, "class_map_path"):
        raise NotYamnetError("it has no class_map_path()")
    outputs = call.structured_outputs
    if isinstance(outputs, dict):
        order = sorted(outputs)
        at = {_role(key): index for index, key in enumerate(order)}
    else:
        at = {"scores": 0, "embeddings": 1, "log_mel": 2}
    frozen = _constant(call)
    if len(frozen.outputs) != 3 or len(at) != 3:
        raise NotYamnetError(
            f"its call returns {len(frozen.outputs)} tensors; "
            "expected scores, embeddings and log_mel"
        )
    return frozen, frozen.outputs[at["embeddings"]], frozen.outputs[at["scores"]]


def _role(key: str) -> str:
    """What a named output of the call is; unnamed ones stand in the published order."""
    if "embed" in key:
        return "embeddings"
    return "log_mel" if "mel" in key or "spectrogram" in key else "scores"


def _constant(concrete):
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(concrete)


def _probe() -> np.ndarray:
    """Noise that swells from silence to full scale, five patches long."""
    noise = np.random.default_rng(0).uniform(-1, 1, 40_000)
    return (noise * np.linspace(0, 1, len(noise)) ** 2).astype(np.float32)


def _patches_tensor(tf, frozen, embeddings, probe, expected) -> tuple[Any, int]:
    """The tensor between front end and network, and its rank (4 where it has a channel axis).

    Found by its values on the probe: graphs written by different versions of TensorFlow and Keras
    differ in names, nesting and static shapes.
    """
    ancestors, stack = {embeddings.op.name}, [embeddings.op]
    while stack:
        new = {t.op.name: t.op for t in stack.pop().inputs if t.op.name not in ancestors}
        ancestors |= new.keys()
        stack.extend(new.values())
    candidates = [
        tensor
        for op in frozen.graph.get_operations()
        if op.name in ancestors and op.inputs
        for tensor in op.outputs
        if tensor.dtype == tf.float32 and _may_be_patches(tensor)
    ]
    values = frozen.prune(frozen.inputs, candidates)(tf.constant(probe)) if candidates else []
    for tensor, value in zip(candidates, values, strict=True):
        if tuple(value.shape) in (expected.shape, (*expected.shape, 1)):
            own = value.numpy().reshape(expected.shape)
            if np.allclose(own, expected, 0, _FRONT_END_ATOL):
                return tensor, value.shape.rank
    raise NotYamnetError(
        "no tensor in its graph holds log-mel patches of shape (n, 96, 64) as "
        "YAMNet's front end makes them"
    )


def _may_be_patches(tensor) -> bool:
    shapes = ((None, 96, 64), (None, 96, 64, 1))
    return any(tensor.shape.is_compatible_with(shape) for shape in shapes)


def _core(tf, network, rank: int):
    """Patches (n, 96, 64) to embeddings and scores side by side, (n, n_embedding + n_classes)."""

    @tf.function(
        input_signature=[tf.TensorSpec((None, 96, 64), tf.float32, name="patches")],
        autograph=False,
    )
    def core(patches):
        return tf.concat(network(patches[..., None] if rank == 4 else patches), axis=1)

    return core


def _write_litert(tf, core, inputs, expected, path: Path) -> bool:
    """Write the LiteRT form; False where it cannot be made or gives other numbers."""
    from emodist.features._yamnet.model import LiteRT

    try:
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [core.get_concrete_function()], core
        )
        path.write_bytes(converter.convert())
        outputs = LiteRT(path, n_threads=1)(inputs)
    except Exception as error:  # the converter raises many kinds; TensorFlow runs the graph instead
        print(f"no LiteRT form: {type(error).__name__}: {error}", file=sys.stderr)
        path.unlink(missing_ok=True)
        return False
    if not np.allclose(outputs, expected, RTOL, ATOL):
        path.unlink()
        return False
    return True


def main(arguments: list[str]) -> int:
    source, out = arguments
    try:
        convert(source, Path(out))
    except ModelUnavailableError as error:
        print(" ".join(str(error).split()))
        return 3
    except NotYamnetError as error:
        print(" ".join(str(error).split()))
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
