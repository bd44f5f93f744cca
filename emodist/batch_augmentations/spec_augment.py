"""Bands of frequencies and stretches of time are hidden."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.batch_augmentations import Arrays
from emodist.batch_augmentations._checks import check_count, check_number


@dataclass(frozen=True)
class SpecAugment:
    """Masks over mel bands and over frames, filled with the mean of the image.

    Parameters
    ----------
    n_mel_masks, n_frame_masks : int
    mel_fraction, frame_fraction : float
        Widest mask, as a share of the axis; widths are drawn evenly, from none on.

    Notes
    -----
    Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech
    Recognition", Interspeech 2019, without the time warp.
    """

    INPUTS: ClassVar[str] = "image"

    n_mel_masks: int = 2
    n_frame_masks: int = 2
    mel_fraction: float = 0.15
    frame_fraction: float = 0.2

    def __post_init__(self):
        for name in ("n_mel_masks", "n_frame_masks"):
            check_count(f"spec_augment.{name}", getattr(self, name), 100)
        for name in ("mel_fraction", "frame_fraction"):
            check_number(f"spec_augment.{name}", getattr(self, name), 0, 1)

    def apply(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, rng: np.random.Generator
    ) -> Arrays:
        n_rows, n_mels, n_frames = x.shape
        mels = _hidden(n_rows, n_mels, self.n_mel_masks, self.mel_fraction, rng)
        frames = _hidden(n_rows, n_frames, self.n_frame_masks, self.frame_fraction, rng)
        mean = x.mean(axis=(1, 2), keepdims=True)
        return np.where(mels[:, :, None] | frames[:, None, :], mean, x), y, weight


def _hidden(
    n_rows: int, size: int, n_masks: int, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Bool array, shape (n_rows, size): what the masks of each row cover."""
    width = rng.integers(0, round(fraction * size) + 1, size=(n_rows, n_masks, 1))
    start = rng.integers(0, size - width + 1)
    place = np.arange(size)
    return np.any((place >= start) & (place < start + width), axis=1)
