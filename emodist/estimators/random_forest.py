"""Random forest."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.ensemble import RandomForestClassifier

from emodist.spaces import Space


@dataclass(frozen=True)
class RandomForest:
    """Parameters: `n_trees`; `min_leaf`, the least rows in a leaf."""

    # More trees are never worse, only slower.
    SPACE: ClassVar[Space] = {"min_leaf": ("log_int", 1, 20)}
    trusts: ClassVar[tuple[str, ...]] = ("sklearn.tree._tree.Tree",)

    n_trees: int = 400
    min_leaf: int = 1

    def build(self, class_weight: str | None, seed: int):
        return RandomForestClassifier(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            class_weight=class_weight,
            random_state=seed,
        )
