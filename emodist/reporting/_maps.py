"""Rows on planes, and how often neighbours there belong together."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

TITLES = {"tsne": "t-SNE", "umap": "UMAP"}
# Fewer rows make no map.
LEAST_ROWS = 10
N_COMPONENTS = 50
N_NEIGHBORS = 10


def plane(x: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Points on a plane, shape (n_rows, 2), from scaled numbers (at most 50 components of them).

    Parameters
    ----------
    method : {"tsne", "umap"}
        van der Maaten & Hinton (2008), perplexity 30; McInnes et al. (2018), 15 neighbours; both
        less for few rows.
    """
    scaled = StandardScaler().fit_transform(x)
    points = PCA(min(N_COMPONENTS, *scaled.shape), random_state=seed).fit_transform(scaled)
    n_rows = len(points)
    made: Any
    if method == "tsne":
        perplexity = min(30.0, (n_rows - 1) / 3)
        made = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    else:
        made = _umap()(n_neighbors=min(15, n_rows - 1), random_state=seed, n_jobs=1)
    # On so few rows, threads mostly wait for each other: on a busy machine, minutes for seconds.
    with threadpool_limits(1):
        return made.fit_transform(points)


def neighbours(at: np.ndarray, groups: Sequence[str | None]) -> tuple[float, float] | None:
    """Share of the ten nearest rows on a plane that are of the same group, and that by chance.

    Rows without a group are left out; None if fewer than two groups remain.

    Examples
    --------
    >>> at = np.array([[0.0, 0.0]] * 11 + [[9.0, 9.0]] * 11)
    >>> share, chance = neighbours(at, ["a"] * 11 + ["b"] * 11)
    >>> round(share, 2), round(chance, 2)
    (1.0, 0.48)
    """
    known = np.array([group is not None for group in groups], bool)
    names = np.array(groups, object)[known].astype(str)
    sizes = Counter(names.tolist())
    if len(sizes) < 2:
        return None
    near = min(N_NEIGHBORS, len(names) - 1)
    nearest = NearestNeighbors(n_neighbors=near).fit(at[known]).kneighbors(return_distance=False)
    chance = sum(n * (n - 1) for n in sizes.values()) / (len(names) * (len(names) - 1))
    return float((names[nearest] == names[:, None]).mean()), chance


def _umap():
    # umap loads TensorFlow where it is installed, for a network that is not used here: seconds,
    # and 0.7 GB.
    is_hidden = "tensorflow" not in sys.modules
    if is_hidden:
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        from umap import UMAP
    finally:
        if is_hidden:
            del sys.modules["tensorflow"]
    return UMAP
