"""How good clusters are: indices within, and agreement with what is known of the rows."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix

NOISE = -1
# Each index, and whether more of it is better.
INDICES = {"silhouette": 1, "calinski_harabasz": 1, "davies_bouldin": -1}
N_SHUFFLES = 20


def score(points: np.ndarray, labels: np.ndarray, sampled: np.ndarray) -> dict[str, float]:
    """The three indices over rows that are not noise; nan with fewer than two clusters.

    Parameters
    ----------
    sampled : row numbers
        Rows for the silhouette, whose cost is quadratic; the others take all.
    """
    kept = labels != NOISE
    if not 2 <= len(set(labels[kept])) < kept.sum():
        return dict.fromkeys(INDICES, math.nan)
    part = sampled[kept[sampled]]
    compact = 2 <= len(set(labels[part])) < len(part)
    return {
        "silhouette": float(metrics.silhouette_score(points[part], labels[part]))
        if compact
        else math.nan,
        "calinski_harabasz": float(metrics.calinski_harabasz_score(points[kept], labels[kept])),
        "davies_bouldin": float(metrics.davies_bouldin_score(points[kept], labels[kept])),
    }


def choose(scores: Sequence[Mapping[str, float]]) -> tuple[int, dict[str, int]]:
    """Which entry has the best mean rank over the three indices, and the k that each prefers.

    Examples
    --------
    >>> rows = [{"k": 2, "silhouette": 0.5, "calinski_harabasz": 9, "davies_bouldin": 0.9},
    ...         {"k": 3, "silhouette": 0.6, "calinski_harabasz": 8, "davies_bouldin": 0.4}]
    >>> choose(rows)
    (1, {'silhouette': 3, 'calinski_harabasz': 2, 'davies_bouldin': 3})
    """
    ranks, own = [], {}
    for name, sign in INDICES.items():
        worth = sign * np.array([row[name] for row in scores], float)
        worth = np.where(np.isnan(worth), -np.inf, worth)
        ranks.append(rankdata(-worth))
        if np.isfinite(worth).any():
            own[name] = int(scores[int(worth.argmax())]["k"])
    return int(np.mean(ranks, axis=0).argmin()), own


def agreement(
    labels: np.ndarray, truth: np.ndarray, rng: np.random.Generator
) -> dict[str, Any] | None:
    """How clusters and known groups (labels, speakers) agree, over the rows that have one.

    Purity is the share of rows that are of the commonest group of their cluster; concentration
    the share that are in the commonest cluster of their group. Both are above 0 by chance, so each
    comes with its mean over shuffled groups. V-measure is by definition the NMI with arithmetic
    mean. None where fewer than two groups are known.
    """
    known = np.array([group is not None for group in truth], bool)
    if len(set(truth[known])) < 2:
        return None
    groups, codes = np.unique(truth[known].astype(str), return_inverse=True)
    clusters = labels[known]
    shuffled = [_purities(clusters, rng.permutation(codes)) for _ in range(N_SHUFFLES)]
    chance = np.mean(shuffled, axis=0)
    purity, concentration = _purities(clusters, codes)
    return {
        "rows": int(known.sum()),
        "groups": len(groups),
        "ari": float(metrics.adjusted_rand_score(codes, clusters)),
        "nmi": float(metrics.normalized_mutual_info_score(codes, clusters)),
        "v_measure": float(metrics.v_measure_score(codes, clusters)),
        "purity": purity,
        "purity_by_chance": float(chance[0]),
        "concentration": concentration,
        "concentration_by_chance": float(chance[1]),
    }


def _purities(clusters: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    counts = contingency_matrix(codes, clusters)
    return float(counts.max(axis=0).sum() / counts.sum()), float(
        counts.max(axis=1).sum() / counts.sum()
    )
