"""Nearest neighbours."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.neighbors import KNeighborsClassifier

from emodist.spaces import Space


@dataclass(frozen=True)
class Knn:
    """Parameters: `n_neighbors`, weighted by distance. It takes no class weights."""

    SPACE: ClassVar[Space] = {"n_neighbors": ("log_int", 3, 50)}
    trusts: ClassVar[tuple[str, ...]] = (
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
    )

    n_neighbors: int = 15

    def build(self, class_weight: str | None, seed: int):
        return KNeighborsClassifier(n_neighbors=self.n_neighbors, weights="distance")
