"""YAMNet's scores: how much a segment sounds like each of 521 classes, from speech to silence."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._citations import YAMNET
from emodist.features._network import NetworkFeature
from emodist.features._yamnet.aggregate import aggregate


@dataclass(frozen=True)
class YamnetScores(NetworkFeature):
    """Scores within [0, 1] of the AudioSet classes, summarized over the patches of a segment.

    Columns carry the names of the model's class map: `yamnet_scores_speech_mean`,
    `yamnet_scores_crying_sobbing_mean`. Several classes may be high at once. Source: as `yamnet`.
    """

    unit: ClassVar[str] = "score"
    citation: ClassVar[str] = YAMNET

    def elements(self) -> Iterable[str]:
        return self.about["classes"]

    def reduce(self, embeddings: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return aggregate(scores, self.functionals).ravel()
