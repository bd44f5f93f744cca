"""Gradient boosting over histograms."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.ensemble import HistGradientBoostingClassifier

from emodist.spaces import Space


@dataclass(frozen=True)
class HistGradientBoosting:
    """Parameters: `learning_rate`; `n_rounds` of boosting; `n_leaves` of a tree."""

    SPACE: ClassVar[Space] = {
        "learning_rate": ("log", 0.02, 0.2),
        "n_rounds": ("log_int", 50, 300),
        "n_leaves": ("log_int", 4, 63),
    }
    trusts: ClassVar[tuple[str, ...]] = (
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    )

    learning_rate: float = 0.05
    n_rounds: int = 150
    n_leaves: int = 15

    def build(self, class_weight: str | None, seed: int):
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.n_rounds,
            max_leaf_nodes=self.n_leaves,
            max_features=0.2,
            early_stopping=False,
            class_weight=class_weight,
            random_state=seed,
        )
