"""Support vector machine with a radial kernel."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.svm import SVC

from emodist.estimators._softmax import Softmax
from emodist.spaces import Space


@dataclass(frozen=True)
class RbfSvm:
    """Parameters: `c`, the cost of an error; `gamma`, the width, or "scale" of the features."""

    SPACE: ClassVar[Space] = {
        "c": ("log", 0.1, 1000.0),
        "gamma": ("choice", ("scale", 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)),
    }
    trusts: ClassVar[tuple[str, ...]] = ("emodist.estimators._softmax.Softmax",)

    c: float = 5.0
    gamma: float | str = "scale"

    def build(self, class_weight: str | None, seed: int):
        return Softmax(SVC(C=self.c, gamma=self.gamma, class_weight=class_weight))
