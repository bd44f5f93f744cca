"""HDBSCAN: dense regions of any shape and number; rows between them are noise."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.cluster import HDBSCAN

from emodist.clusterers._settings import check_count
from emodist.spaces import Space


@dataclass(frozen=True)
class Hdbscan:
    """Parameters: `min_cluster_size`, rows; `min_samples`, neighbours that make a row dense.

    `min_samples` is `min_cluster_size` if it is null.
    """

    TAKES_K: ClassVar[bool] = False
    # Trees find neighbours slowly where there are many dimensions, so time is near quadratic.
    MOST_ROWS: ClassVar[int | None] = 100_000

    SPACE: ClassVar[Space] = {
        "min_cluster_size": ("log_int", 5, 100),
        "min_samples": ("log_int", 1, 50),
    }

    min_cluster_size: int = 10
    min_samples: int | None = None

    def __post_init__(self) -> None:
        check_count("min_cluster_size", self.min_cluster_size, least=2)
        if self.min_samples is not None:
            check_count("min_samples", self.min_samples)

    def build(self, k: int, seed: int):
        return HDBSCAN(
            min_cluster_size=self.min_cluster_size, min_samples=self.min_samples, copy=True
        )
