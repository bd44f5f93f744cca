"""Rows are blended with other rows, and their labels too."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.batch_augmentations import Arrays
from emodist.batch_augmentations._checks import check_number


@dataclass(frozen=True)
class Mixup:
    """Each row becomes a weighted mean of itself and another row of the batch.

    With several workers, of the worker's own part of the batch: partners are others than with one
    worker, and drawn from fewer rows.

    The share is drawn from Beta(alpha, alpha). The loss of a blend is the same weighted mean of
    what both labels would cost, class weights included.

    Parameters
    ----------
    alpha : float
        Small: mostly close to one of both; 1: any share alike.

    Notes
    -----
    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """

    INPUTS: ClassVar[str] = "any"

    alpha: float = 0.2

    def __post_init__(self):
        check_number("mixup.alpha", self.alpha, 0.01, 10)

    def apply(
        self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, rng: np.random.Generator
    ) -> Arrays:
        # What fills a batch up has no part in it.
        real = np.flatnonzero(weight > 0)
        other = np.arange(len(x))
        other[real] = rng.permutation(real)
        share = np.ones(len(x), np.float32)
        share[real] = rng.beta(self.alpha, self.alpha, len(real))
        own, others = share * weight, (1 - share) * weight[other]
        total = own + others
        part = np.divide(own, total, out=np.ones_like(total), where=total > 0)
        return _blend(x, other, share), _blend(y, other, part), total


def _blend(rows: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *[1] * (rows.ndim - 1))
    return share * rows + (1 - share) * rows[other]
