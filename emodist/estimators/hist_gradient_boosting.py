"""Gradient boosting over histograms."""

from dataclasses import dataclass

from sklearn.ensemble import HistGradientBoostingClassifier


@dataclass(frozen=True)
class HistGradientBoosting:
    """Parameters: `learning_rate`; `n_rounds` of boosting; `n_leaves` of a tree."""

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
