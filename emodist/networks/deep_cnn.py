"""Three convolutions with batch norm and global pooling on the log-mel image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class DeepCnn:
    """Parameters: `filters` of the first convolution, doubled in each of the next two; `dropout`;
    `pool`, mel bands and frames that are averaged before.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        "filters": ("log_int", 8, 32),
        "dropout": ("linear", 0.2, 0.6),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"filters": 4, "dropout": 0.0, "pool": (1, 1)}

    filters: int = 32
    dropout: float = 0.4
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        _layers.check_count("deep_cnn.filters", self.filters)
        _layers.check_share("deep_cnn.dropout", self.dropout)
        object.__setattr__(self, "pool", _layers.pair("deep_cnn.pool", self.pool))

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.picture(x, self.pool)
        for n_filters in (self.filters, 2 * self.filters, 4 * self.filters):
            x = _layers.convolution(x, n_filters)
            x = keras.layers.MaxPooling2D(2)(x)
            x = keras.layers.SpatialDropout2D(self.dropout / 4)(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return _layers.finish(inputs, x, n_classes, self.dropout, "deep_cnn")
