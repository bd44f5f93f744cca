"""Linear support vector machine, one class against the rest."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.svm import LinearSVC

from emodist.estimators._softmax import Softmax
from emodist.spaces import Space


@dataclass(frozen=True)
class LinearSvm:
    """Parameters: `c`, the inverse strength of the penalty."""

    SPACE: ClassVar[Space] = {"c": ("log", 1e-5, 1.0)}
    trusts: ClassVar[tuple[str, ...]] = ("emodist.estimators._softmax.Softmax",)

    c: float = 3e-4

    def build(self, class_weight: str | None, seed: int):
        model = LinearSVC(C=self.c, class_weight=class_weight, random_state=seed, max_iter=10_000)
        return Softmax(model)
