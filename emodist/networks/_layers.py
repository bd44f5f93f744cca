"""What several networks share; all of it comes down to layers of Keras's own."""

from typing import Any

import numpy as np

from emodist.errors import ConfigError


def start(shape: tuple[int, ...], mean: np.ndarray, variance: np.ndarray) -> tuple[Any, Any]:
    """The input, and the input brought to mean 0 and variance 1.

    Parameters
    ----------
    shape : of one row: (n_numbers,), or (n_mels, n_frames)
    mean, variance : arrays, shape (shape[0],)
        Of each number, or of each mel band over its frames, from training rows alone.
    """
    import keras

    inputs = keras.Input(shape, name="features")
    scale = keras.layers.Normalization(
        axis=1,
        # Plain lists: they are kept in the saved model's configuration.
        mean=np.asarray(mean, float).tolist(),
        variance=np.asarray(variance, float).tolist(),
        dtype="float32",
        name="normalization",
    )
    return inputs, scale(inputs)


def picture(x: Any, pool: tuple[int, int]) -> Any:
    """Mel bands by frames as an image of one channel, averaged over `pool` bands and frames."""
    import keras

    n_mels, n_frames = x.shape[1:]
    if n_mels < 8 * pool[0] or n_frames < 8 * pool[1]:
        raise ConfigError(
            f"images of {n_mels} by {n_frames} are too small for pool={pool[0]},{pool[1]}; "
            "take a smaller pool or more mel bands and frames"
        )
    x = keras.layers.Reshape((n_mels, n_frames, 1))(x)
    return keras.layers.AveragePooling2D(pool)(x) if max(pool) > 1 else x


def sequence(x: Any) -> Any:
    """An image (bands, frames, channels) as a sequence of frames: (frames, bands * channels)."""
    import keras

    x = keras.layers.Permute((2, 1, 3))(x)
    return keras.layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)


def convolution(x: Any, n_filters: int, size: int = 3, stride: int = 1) -> Any:
    """Convolution, batch norm, ReLU.

    No bias: batch norm takes it away, and what is left of its gradient is rounding noise.
    """
    import keras

    x = keras.layers.Conv2D(n_filters, size, stride, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(batch_norm(x))


def batch_norm(x: Any) -> Any:
    """Batch norm, with the statistics of the whole global batch, over all workers.

    Its averages over batches follow fast: an epoch of a small corpus has twenty batches, and with
    Keras's momentum of 0.99 the first epochs would be judged with averages of the first weights.
    """
    import keras

    return keras.layers.BatchNormalization(momentum=0.9, synchronized=True)(x)


def both_ways(x: Any, units: int) -> Any:
    """Two LSTMs over a sequence, forth and back, each with first weights of its own."""
    import keras

    forth = keras.layers.LSTM(units, return_sequences=True)
    back = keras.layers.LSTM(units, return_sequences=True, go_backwards=True)
    return keras.layers.Bidirectional(forth, backward_layer=back)(x)


def over_time(x: Any) -> Any:
    """A sequence (n_frames, n) summed up in 2 n numbers: mean and maximum over the frames."""
    import keras

    mean = keras.layers.GlobalAveragePooling1D()(x)
    return keras.layers.Concatenate()([mean, keras.layers.GlobalMaxPooling1D()(x)])


def finish(inputs: Any, x: Any, n_classes: int, dropout: float, name: str) -> Any:
    """The model, with dropout before its logits, which are float32 in mixed precision too."""
    import keras

    x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(n_classes, dtype="float32")(x), name=name)


def check_share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ConfigError(f"{name} must be within 0 and 1, 1 excluded; got {value}")


def check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} takes a whole number of at least 1; got {value!r}")


def pair(name: str, value: Any) -> tuple[int, int]:
    """Two whole numbers of at least 1, from a pair or from words such as `2,4`."""
    parts = value.split(",") if isinstance(value, str) else value
    try:
        first, second = (int(part) for part in parts)
        if first < 1 or second < 1:
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigError(f"{name} takes mel bands and frames, as in 2,2; got {value!r}") from None
    return first, second
