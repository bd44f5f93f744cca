"""k-means on small batches: for large archives, a little less exact."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.cluster import MiniBatchKMeans

from emodist.clusterers._settings import check_count
from emodist.spaces import Space


@dataclass(frozen=True)
class MiniBatchKmeans:
    """Parameters: `batch_size`, rows; `n_init`, starts of which the best is kept."""

    TAKES_K: ClassVar[bool] = True
    MOST_ROWS: ClassVar[int | None] = None

    SPACE: ClassVar[Space] = {"batch_size": ("log_int", 256, 4096)}

    batch_size: int = 1024
    n_init: int = 10

    def __post_init__(self) -> None:
        check_count("batch_size", self.batch_size)
        check_count("n_init", self.n_init)

    def build(self, k: int, seed: int):
        return MiniBatchKMeans(
            n_clusters=k, batch_size=self.batch_size, n_init=self.n_init, random_state=seed
        )
