"""YAMNet's embedding: 1024 numbers that tell what kind of sound a segment is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._citations import YAMNET
from emodist.features._network import NetworkFeature
from emodist.features._yamnet.aggregate import aggregate


@dataclass(frozen=True)
class Yamnet(NetworkFeature):
    """The activations before YAMNet's last layer, summarized over the patches of a segment.

    A patch is 0.96 s, one starts every 0.48 s. Embeddings are never negative. Source: Plakal &
    Ellis, YAMNet, TensorFlow Models (2019), Apache License 2.0; trained on AudioSet.
    """

    unit: ClassVar[str] = "1"
    citation: ClassVar[str] = YAMNET

    def elements(self) -> Iterable[str]:
        return (str(number + 1) for number in range(self.about["n_embedding"]))

    def reduce(self, embeddings: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return aggregate(embeddings, self.functionals).ravel()
