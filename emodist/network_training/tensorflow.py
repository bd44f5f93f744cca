"""The one door to TensorFlow and Keras, which are loaded when they are wanted."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from emodist.errors import ConfigError


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
