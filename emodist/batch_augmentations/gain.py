"""Louder or quieter: a constant is added to the decibels of an image."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.batch_augmentations import Arrays
from emodist.batch_augmentations._checks import check_number


@dataclass(frozen=True)
class Gain:
    """Another level for each image, drawn evenly.

    Parameters
    ----------
    most_db : float, dB
        Up or down.
    """

    INPUTS: ClassVar[str] = "decibels"

    most_db: float = 6.0

    def __post_init__(self):
        check_number("gain.most_db", self.most_db, 0, 60)

    def apply(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, rng: np.random.Generator
    ) -> Arrays:
        gain_db = rng.uniform(-self.most_db, self.most_db, (len(x), 1, 1)).astype(np.float32)
        return x + gain_db, y, weight
