"""Nearest neighbours."""

from dataclasses import dataclass

from sklearn.neighbors import KNeighborsClassifier


@dataclass(frozen=True)
class Knn:
    """Parameters: `n_neighbors`, weighted by distance. It takes no class weights."""

    n_neighbors: int = 15

    def build(self, class_weight: str | None, seed: int):
        return KNeighborsClassifier(n_neighbors=self.n_neighbors, weights="distance")
