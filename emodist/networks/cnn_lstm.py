"""Convolutions on the log-mel image, then a bidirectional LSTM over what is left of its frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class CnnLstm:
    """Parameters: `filters` of the first convolution, twice as many in the second; `units` of the
    LSTM in each direction; `dropout`; `pool`, mel bands and frames that are averaged before.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        "filters": ("log_int", 8, 32),
        "units": ("log_int", 32, 128),
        "dropout": ("linear", 0.2, 0.6),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"filters": 4, "units": 8, "dropout": 0.0, "pool": (1, 1)}

    filters: int = 24
    units: int = 64
    dropout: float = 0.4
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        _layers.check_count("cnn_lstm.filters", self.filters)
        _layers.check_count("cnn_lstm.units", self.units)
        _layers.check_share("cnn_lstm.dropout", self.dropout)
        object.__setattr__(self, "pool", _layers.pair("cnn_lstm.pool", self.pool))

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.picture(x, self.pool)
        for n_filters in (self.filters, 2 * self.filters):
            x = _layers.convolution(x, n_filters)
            # Frequency shrinks faster than time: the LSTM wants frames.
            x = keras.layers.MaxPooling2D((4, 2) if x.shape[1] >= 16 else 2)(x)
        x = keras.layers.Dropout(self.dropout / 2)(_layers.sequence(x))
        x = _layers.both_ways(x, self.units)
        return _layers.finish(inputs, _layers.over_time(x), n_classes, self.dropout, "cnn_lstm")
