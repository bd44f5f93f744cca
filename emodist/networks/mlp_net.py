"""Multilayer perceptron on the numbers of flat features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class MlpNet:
    """Parameters: `width` units in each of `depth` hidden layers; `dropout` after each."""

    inputs: ClassVar[str] = "vector"
    features: ClassVar[tuple[str, ...] | None] = None
    SPACE: ClassVar[Space] = {
        "width": ("log_int", 64, 512),
        "depth": ("int", 1, 3),
        "dropout": ("linear", 0.2, 0.7),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"width": 16, "dropout": 0.0}

    width: int = 256
    depth: int = 2
    dropout: float = 0.5

    def __post_init__(self) -> None:
        _layers.check_count("mlp_net.width", self.width)
        _layers.check_count("mlp_net.depth", self.depth)
        _layers.check_share("mlp_net.dropout", self.dropout)

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        for layer in range(self.depth):
            if layer:
                x = keras.layers.Dropout(self.dropout)(x)
            x = keras.layers.Dense(self.width, activation="relu")(x)
        return _layers.finish(inputs, x, n_classes, self.dropout, "mlp_net")
