"""Support vector machine with a radial kernel: the strongest plain choice on functionals."""

from dataclasses import dataclass

from sklearn.svm import SVC

from emodist.estimators._softmax import Softmax


@dataclass(frozen=True)
class RbfSvm:
    """Parameters: `c`, the cost of an error; `gamma`, the width, or "scale" of the features."""

    c: float = 5.0
    gamma: float | str = "scale"

    def build(self, class_weight: str | None, seed: int):
        return Softmax(SVC(C=self.c, gamma=self.gamma, class_weight=class_weight))
