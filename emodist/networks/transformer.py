"""Transformer encoder over patches of the log-mel image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.errors import ConfigError
from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class Transformer:
    """Parameters: `width` of a token; `depth`, how many encoder layers; `heads`; `dropout`;
    `patch`, mel bands and frames of a patch; `pool`, those that are averaged before.

    Pre-norm layers (Xiong et al. 2020) on patches as in the audio spectrogram transformer (Gong et
    al. 2021), from random weights and with a learned place for each patch.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        # Multiples of the heads.
        "width": ("choice", (32, 64, 96, 128)),
        "depth": ("int", 1, 4),
        "dropout": ("linear", 0.0, 0.4),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"width": 16, "heads": 2, "patch": (8, 4), "pool": (1, 1)}

    width: int = 64
    depth: int = 2
    heads: int = 4
    dropout: float = 0.2
    patch: tuple[int, int] = (16, 4)
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads"):
            _layers.check_count(f"transformer.{name}", getattr(self, name))
        if self.width % self.heads:
            raise ConfigError(
                f"transformer.width must be a multiple of heads={self.heads}; got {self.width}"
            )
        _layers.check_share("transformer.dropout", self.dropout)
        for name in ("patch", "pool"):
            object.__setattr__(self, name, _layers.pair(f"transformer.{name}", getattr(self, name)))

    def build(self, shape, n_classes, mean, variance):
        import keras

        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.picture(x, self.pool)
        if x.shape[1] < self.patch[0] or x.shape[2] < self.patch[1]:
            raise ConfigError(
                f"transformer.patch={self.patch[0]},{self.patch[1]} is larger than the image of "
                f"{x.shape[1]} by {x.shape[2]} that is left after pool; take a smaller patch"
            )
        x = keras.layers.Conv2D(self.width, self.patch, self.patch, use_bias=False)(x)
        n_patches = x.shape[1] * x.shape[2]
        x = keras.layers.Reshape((n_patches, self.width))(x)
        # A dense layer with a bias of its own for each patch: this bias is the patch's place.
        x = keras.layers.EinsumDense(
            "bpc,cd->bpd",
            output_shape=(n_patches, self.width),
            bias_axes="pd",
            bias_initializer=keras.initializers.RandomNormal(stddev=0.02),
        )(x)
        for _ in range(self.depth):
            x = self._layer(x)
        x = keras.layers.LayerNormalization()(x)
        return _layers.finish(inputs, _layers.over_time(x), n_classes, self.dropout, "transformer")

    def _layer(self, x: Any) -> Any:
        import keras

        y = keras.layers.LayerNormalization()(x)
        # Without biases: that of the keys changes nothing, and its gradient is rounding noise.
        attend = keras.layers.MultiHeadAttention(
            self.heads, self.width // self.heads, dropout=self.dropout, use_bias=False
        )
        x = keras.layers.Add()([x, keras.layers.Dropout(self.dropout)(attend(y, y))])
        y = keras.layers.LayerNormalization()(x)
        y = keras.layers.Dense(2 * self.width, activation="silu")(y)
        y = keras.layers.Dropout(self.dropout)(keras.layers.Dense(self.width)(y))
        return keras.layers.Add()([x, y])
