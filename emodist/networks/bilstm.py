"""Bidirectional LSTM over the frames of the log-mel spectrogram."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emodist.networks import _layers
from emodist.spaces import Space


@dataclass(frozen=True)
class Bilstm:
    """Parameters: `units` in each direction; `dropout`; `pool`, mel bands and frames that are
    averaged before.
    """

    inputs: ClassVar[str] = "image"
    features: ClassVar[tuple[str, ...] | None] = ("log_mel",)
    SPACE: ClassVar[Space] = {
        "units": ("log_int", 32, 128),
        "dropout": ("linear", 0.2, 0.6),
    }
    SMALL: ClassVar[Mapping[str, Any]] = {"units": 8, "dropout": 0.0, "pool": (1, 1)}

    units: int = 64
    dropout: float = 0.4
    pool: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        _layers.check_count("bilstm.units", self.units)
        _layers.check_share("bilstm.dropout", self.dropout)
        object.__setattr__(self, "pool", _layers.pair("bilstm.pool", self.pool))

    def build(self, shape, n_classes, mean, variance):
        inputs, x = _layers.start(shape, mean, variance)
        x = _layers.sequence(_layers.picture(x, self.pool))
        x = _layers.both_ways(x, self.units)
        return _layers.finish(inputs, _layers.over_time(x), n_classes, self.dropout, "bilstm")
