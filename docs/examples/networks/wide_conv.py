"""Convolutions over time on the log-mel image, summed up by mean and maximum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class WideConv:
    """Parameters: `filters` of each of the two convolutions; `dropout` before the logits."""

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {"filters": ("log_int", 32, 128), "dropout": ("linear", 0.0, 0.6)}
    # For tests: learns two plain classes in a second.
    SMALL: ClassVar[Mapping[str, Any]] = {"filters": 8, "dropout": 0.0}

    filters: int = 64
    dropout: float = 0.4

    def __post_init__(self) -> None:
        _layers.check_count("wide_conv.filters", self.filters)
        _layers.check_share("wide_conv.dropout", self.dropout)

    def build(self, shape, n_classes, mean, variance):
        # Keras is loaded here, not at the top: not every process that sees this file trains.
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = keras.layers.Permute((2, 1))(x)  # frames first: (frames, bands)
        for size in (5, 3):
            x = keras.layers.Conv1D(self.filters, size, padding="same", activation="relu")(x)
        return _layers.finish(inputs, _layers.over_time(x), n_classes, self.dropout, "wide_conv")
