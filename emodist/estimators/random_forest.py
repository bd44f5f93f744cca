"""Random forest."""

from dataclasses import dataclass

from sklearn.ensemble import RandomForestClassifier


@dataclass(frozen=True)
class RandomForest:
    """Parameters: `n_trees`; `min_leaf`, the least rows in a leaf."""

    n_trees: int = 400
    min_leaf: int = 1

    def build(self, class_weight: str | None, seed: int):
        return RandomForestClassifier(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            class_weight=class_weight,
            random_state=seed,
        )
