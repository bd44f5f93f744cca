"""k-means on small batches: for large archives, a little less exact."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.cluster import MiniBatchKMeans

from emodist.clusterers._settings import check_count


@dataclass(frozen=True)
class MiniBatchKmeans:
    """Parameters: `batch_size`, rows; `n_init`, starts of which the best is kept."""

    TAKES_K: ClassVar[bool] = True
    MOST_ROWS: ClassVar[int | None] = None

    batch_size: int = 1024
    n_init: int = 10

    def __post_init__(self) -> None:
        check_count("batch_size", self.batch_size)
        check_count("n_init", self.n_init)

    def build(self, k: int, seed: int):
        return MiniBatchKMeans(
            n_clusters=k, batch_size=self.batch_size, n_init=self.n_init, random_state=seed
        )
