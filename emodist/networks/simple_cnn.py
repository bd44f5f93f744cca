"""Two convolutions with max-pooling and a dense layer on the log-mel image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class SimpleCnn:
    """Parameters: `filters` of the first convolution, twice as many in the second; `width` of the
    dense layer; `dropout`; `pool`, mel bands and frames that are averaged before.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        "filters": ("log_int", 8, 32),
        "width": ("log_int", 32, 128),
        "dropout": ("linear", 0.2, 0.6),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"filters": 4, "width": 16, "dropout": 0.0, "pool": (1, 1)}

    filters: int = 32
    width: int = 64
    dropout: float = 0.5
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        _layers.check_count("simple_cnn.filters", self.filters)
        _layers.check_count("simple_cnn.width", self.width)
        _layers.check_share("simple_cnn.dropout", self.dropout)
        object.__setattr__(self, "pool", _layers.pair("simple_cnn.pool", self.pool))

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.picture(x, self.pool)
        for n_filters in (self.filters, 2 * self.filters):
            x = keras.layers.Conv2D(n_filters, 3, padding="same", activation="relu")(x)
            x = keras.layers.MaxPooling2D(2)(x)
        x = keras.layers.Flatten()(x)
        x = keras.layers.Dropout(self.dropout)(x)
        x = keras.layers.Dense(self.width, activation="relu")(x)
        return _layers.finish(inputs, x, n_classes, self.dropout, "simple_cnn")
