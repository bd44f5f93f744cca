"""Earlier or later: an image is turned around in time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.batch_augmentations import Arrays
from emodist.batch_augmentations._checks import check_number


@dataclass(frozen=True)
class TimeShift:
    """A circular shift, drawn evenly: what leaves at one end comes in at the other.

    Parameters
    ----------
    most_fraction : float
        Of the frames, to either side; 0.5 is any shift.
    """

    INPUTS: ClassVar[str] = "image"

    most_fraction: float = 0.5

    def __post_init__(self):
        check_number("time_shift.most_fraction", self.most_fraction, 0, 0.5)

    def apply(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, rng: np.random.Generator
    ) -> Arrays:
        most = round(self.most_fraction * x.shape[2])
        shifts = rng.integers(-most, most + 1, len(x))
        return (
            np.stack([np.roll(row, n, axis=1) for row, n in zip(x, shifts, strict=True)]),
            y,
            weight,
        )
