"""Linear discriminant analysis with a shrunken covariance: strong where numbers are many."""

from dataclasses import dataclass
from typing import ClassVar

from emodist.estimators._balanced_lda import BalancedLda
from emodist.spaces import Space


@dataclass(frozen=True)
class Lda:
    """Parameters: `shrinkage`, from 0 (the covariance as it is) to 1 (its diagonal's mean).

    It divides by what numbers have in common within a class, so a group of many numbers that say
    the same does not outweigh the rest.
    """

    SPACE: ClassVar[Space] = {"shrinkage": ("linear", 0.02, 0.9)}
    trusts: ClassVar[tuple[str, ...]] = ("emodist.estimators._balanced_lda.BalancedLda",)

    shrinkage: float = 0.3

    def build(self, class_weight: str | None, seed: int):
        return BalancedLda(self.shrinkage, class_weight)
