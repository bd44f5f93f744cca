"""Multinomial logistic regression."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.linear_model import LogisticRegression as Model

from emodist.spaces import Space


@dataclass(frozen=True)
class LogisticRegression:
    """Parameters: `c`, the inverse strength of the L2 penalty."""

    SPACE: ClassVar[Space] = {"c": ("log", 1e-4, 1.0)}

    c: float = 0.005

    def build(self, class_weight: str | None, seed: int):
        return Model(C=self.c, class_weight=class_weight, max_iter=2000, random_state=seed)
