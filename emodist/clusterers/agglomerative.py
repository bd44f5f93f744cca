"""Agglomerative clustering: rows are joined step by step into a tree, which is cut at k."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.cluster import AgglomerativeClustering

from emodist.clusterers._settings import check_choice
from emodist.spaces import Space


@dataclass(frozen=True)
class Agglomerative:
    """Parameters: `linkage`, the distance of two clusters: ward, average or complete."""

    TAKES_K: ClassVar[bool] = True
    # scipy holds the distances of all pairs twice (its own copy beside what it was given), 8 bytes
    # each: 8 x 14 000 x 14 000 are 1.6 GB.
    MOST_ROWS: ClassVar[int | None] = 14_000

    SPACE: ClassVar[Space] = {"linkage": ("choice", ("ward", "average", "complete"))}

    linkage: str = "ward"

    def __post_init__(self) -> None:
        check_choice("linkage", self.linkage, ("ward", "average", "complete"))

    def build(self, k: int, seed: int):
        return AgglomerativeClustering(n_clusters=k, linkage=self.linkage)
