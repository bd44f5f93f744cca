"""Linear support vector machine, one class against the rest."""

from dataclasses import dataclass

from sklearn.svm import LinearSVC

from emodist.estimators._softmax import Softmax


@dataclass(frozen=True)
class LinearSvm:
    """Parameters: `c`, the inverse strength of the penalty."""

    c: float = 1e-3

    def build(self, class_weight: str | None, seed: int):
        model = LinearSVC(C=self.c, class_weight=class_weight, random_state=seed, max_iter=10_000)
        return Softmax(model)
