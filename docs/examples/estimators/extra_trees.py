"""Extremely randomized trees."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.ensemble import ExtraTreesClassifier

from emodist.spaces import Space


@dataclass(frozen=True)
class ExtraTrees:
    """Parameters: `n_trees`; `min_leaf`, the least rows in a leaf."""

    # What `emodist tune classifier models=extra_trees` may try.
    SPACE: ClassVar[Space] = {"min_leaf": ("log_int", 1, 20)}
    # What a fitted one holds beside the types that skops trusts by itself.
    trusts: ClassVar[tuple[str, ...]] = ("sklearn.tree._tree.Tree",)

    n_trees: int = 200
    min_leaf: int = 1

    def build(self, class_weight: str | None, seed: int):
        return ExtraTreesClassifier(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            class_weight=class_weight,
            random_state=seed,
        )
