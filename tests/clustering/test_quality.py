import math

import numpy as np
import pytest

from emodist.clustering import quality


def test_noise_does_not_count_in_the_indices():
    points = np.array([[0.0], [1.0], [10.0], [11.0], [500.0]])
    labels = np.array([0, 0, 1, 1, -1])
    with_noise = quality.score(points, labels, np.arange(5))
    assert with_noise == quality.score(points[:4], labels[:4], np.arange(4))
    # Davies-Bouldin on paper: (0.5 + 0.5) / 10.
    assert with_noise["davies_bouldin"] == pytest.approx(0.1)
    # Silhouette of 0 is 1 - 1/10.5, of 1 is 1 - 1/9.5.
    assert with_noise["silhouette"] == pytest.approx(1 - (1 / 10.5 + 1 / 9.5) / 2)


def test_one_cluster_has_no_indices():
    scores = quality.score(np.arange(4.0)[:, None], np.zeros(4, int), np.arange(4))
    assert all(math.isnan(value) for value in scores.values())


def test_the_best_mean_rank_is_chosen_and_the_smaller_k_of_equals():
    def row(k, *values):
        return {"k": k, **dict(zip(quality.INDICES, values, strict=True))}

    assert quality.choose([row(2, 0.3, 9, 1.0), row(3, 0.4, 8, 0.9)])[0] == 1
    assert quality.choose([row(2, 0.4, 9, 1.0), row(3, 0.4, 9, 1.0)])[0] == 0
    assert quality.choose([row(2, *[math.nan] * 3), row(3, 0.1, 1, 9.0)])[0] == 1
    assert quality.choose([row(0, *[math.nan] * 3)]) == (0, {})


def test_agreement_of_a_clustering_with_itself_is_whole_and_skips_the_unknown():
    groups = np.array(["a", "a", "b", "b", None], object)
    found = quality.agreement(np.array([1, 1, 0, 0, 0]), groups, np.random.default_rng(0))
    assert found["rows"] == 4
    for measure in ("ari", "nmi", "v_measure", "purity", "concentration"):
        assert found[measure] == pytest.approx(1)
    assert found["purity_by_chance"] < 1


def test_purity_and_concentration_by_hand():
    # Clusters {a, a, b} and {b}: 3 of 4 are of the commonest label; a is whole, b is halved.
    groups = np.array(["a", "a", "b", "b"], object)
    found = quality.agreement(np.array([0, 0, 0, 1]), groups, np.random.default_rng(0))
    assert found["purity"] == 0.75
    assert found["concentration"] == 0.75


def test_agreement_is_none_without_two_groups():
    rng = np.random.default_rng(0)
    assert quality.agreement(np.array([0, 1]), np.array([None, None], object), rng) is None
    assert quality.agreement(np.array([0, 1]), np.array(["a", "a"], object), rng) is None
