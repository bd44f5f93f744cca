"""k-means: round clusters of similar size."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.cluster import KMeans

from emodist.clusterers._settings import check_count
from emodist.spaces import Space


@dataclass(frozen=True)
class Kmeans:
    """Parameters: `n_init`, starts of which the best is kept."""

    TAKES_K: ClassVar[bool] = True
    MOST_ROWS: ClassVar[int | None] = None

    SPACE: ClassVar[Space] = {}

    n_init: int = 10

    def __post_init__(self) -> None:
        check_count("n_init", self.n_init)

    def build(self, k: int, seed: int):
        return KMeans(n_clusters=k, n_init=self.n_init, random_state=seed)
