"""Transfer: a head on the embeddings of YAMNet (table column `yamnet`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class YamnetHead:
    """Parameters: `width` of the hidden layer; `dropout`, of the embedding and before the logits.

    YAMNet itself stays as it is. Its published graph holds its weights as constants, and a table
    keeps functionals of the last embedding over time, so there is nothing below the head that a
    gradient could reach. Its last layers could be trained only if their inputs (6 by 4 by 512
    numbers for each patch of 0.96 s) were a feature, and the layers were built anew.
    """

    inputs: ClassVar[str] = "vector"
    features: ClassVar[tuple[str, ...] | None] = ("yamnet",)
    SPACE: ClassVar[Space] = {
        "width": ("log_int", 64, 512),
        "dropout": ("linear", 0.2, 0.7),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"width": 16, "dropout": 0.0}

    width: int = 256
    dropout: float = 0.5

    def __post_init__(self) -> None:
        _layers.check_count("yamnet_head.width", self.width)
        _layers.check_share("yamnet_head.dropout", self.dropout)

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = keras.layers.Dropout(self.dropout / 2)(x)
        x = keras.layers.Dense(self.width, activation="relu")(x)
        return _layers.finish(inputs, x, n_classes, self.dropout, "yamnet_head")
