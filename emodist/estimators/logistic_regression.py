"""Multinomial logistic regression."""

from dataclasses import dataclass

from sklearn.linear_model import LogisticRegression as Model


@dataclass(frozen=True)
class LogisticRegression:
    """Parameters: `c`, the inverse strength of the L2 penalty."""

    c: float = 0.01

    def build(self, class_weight: str | None, seed: int):
        return Model(C=self.c, class_weight=class_weight, max_iter=2000, random_state=seed)
