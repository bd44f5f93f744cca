"""Residual convolutions that keep frequency apart, pooled over time by mean and maximum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class ResCnn:
    """Parameters: `filters` of the first stage, doubled in each of `n_stages`; `dropout`; `pool`,
    mel bands and frames that are averaged before.

    A stage halves bands and frames (He et al. 2016, basic blocks). What is left of the bands stays
    apart until the end, since where a harmonic lies matters; what happens when does not, so frames
    are summed up by mean and maximum.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        "filters": ("log_int", 8, 32),
        "n_stages": ("int", 2, 3),
        "dropout": ("linear", 0.2, 0.6),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {
        "filters": 4,
        "n_stages": 2,
        "dropout": 0.0,
        "pool": (1, 1),
    }

    filters: int = 16
    n_stages: int = 3
    dropout: float = 0.4
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        _layers.check_count("res_cnn.filters", self.filters)
        _layers.check_count("res_cnn.n_stages", self.n_stages)
        _layers.check_share("res_cnn.dropout", self.dropout)
        object.__setattr__(self, "pool", _layers.pair("res_cnn.pool", self.pool))

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.picture(x, self.pool)
        x = _layers.convolution(x, self.filters, size=5, stride=2)
        for stage in range(self.n_stages):
            x = _block(x, self.filters * 2**stage, stride=1 if stage == 0 else 2)
            x = keras.layers.SpatialDropout2D(self.dropout / 4)(x)
        # Bands are averaged in fours, so that the end has a few hundred numbers a frame.
        if x.shape[1] >= 4:
            x = keras.layers.AveragePooling2D((4, 1))(x)
        x = _layers.over_time(_layers.sequence(x))
        return _layers.finish(inputs, x, n_classes, self.dropout, "res_cnn")


def _block(x: Any, n_filters: int, stride: int) -> Any:
    import keras

    y = _layers.convolution(x, n_filters, stride=stride)
    y = keras.layers.Conv2D(n_filters, 3, padding="same", use_bias=False)(y)
    y = _layers.batch_norm(y)
    if x.shape[1:] != y.shape[1:]:
        x = keras.layers.Conv2D(n_filters, 1, stride, padding="same", use_bias=False)(x)
        x = _layers.batch_norm(x)
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))
