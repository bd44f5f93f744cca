"""Changes of batches on their way to a network, one file each: cheap, and new in every epoch.

An entry is a frozen dataclass; `INPUTS` says what it changes: "any" rows, an "image" of shape
(n, n_mels, n_frames), or "decibels", an image whose numbers are levels (not scaled by speaker).
Its method

    apply(x, y, weight, rng) -> x, y, weight

takes float32 arrays: rows, targets of shape (n, n_classes) that add up to 1, and the weight of
each row in the loss, 0 where a batch is filled up. What comes out has the same shapes, and the
arrays that were given stay as they were.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

# What every entry has; the registry says which is missing.
NEEDED = ("INPUTS", "apply")
Arrays: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


def apply(
    entries: Iterable[Any],
    x: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    rng: np.random.Generator,
) -> Arrays:
    """A batch after the entries, one after another."""
    for entry in entries:
        x, y, weight = entry.apply(x, y, weight, rng)
    return x, y, weight
