"""What every clusterer promises."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from emodist import registry, spaces
from emodist.errors import ConfigError

TRUTH = np.repeat([0, 1, 2], 30)


@pytest.fixture(scope="module")
def blobs():
    """Three clouds of spread 1, 100 apart."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(90, 4)) + 100 * np.eye(4)[TRUTH]


@pytest.mark.parametrize("name", registry.names("clusterers"))
def test_three_far_blobs_are_found(name, blobs):
    labels = registry.build("clusterers", name).build(3, seed=0).fit_predict(blobs)
    kept = labels >= 0
    assert adjusted_rand_score(TRUTH[kept], labels[kept]) == 1
    assert len(set(labels[kept])) == 3


@pytest.mark.parametrize("name", registry.names("clusterers"))
def test_the_same_seed_gives_the_same_clusters(name, blobs):
    build = registry.build("clusterers", name).build
    first, second = (build(4, seed=7).fit_predict(blobs) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", registry.names("clusterers"))
def test_it_says_in_one_line_what_it_is(name):
    meaning, _ = registry.describe("clusterers", name)
    assert meaning.endswith(".")
    assert isinstance(registry.get("clusterers", name).TAKES_K, bool)


@pytest.mark.parametrize("linkage", ["ward", "average", "complete"])
def test_every_linkage_finds_the_blobs(linkage, blobs):
    model = registry.build("clusterers", "agglomerative", linkage=linkage).build(3, seed=0)
    assert adjusted_rand_score(TRUTH, model.fit_predict(blobs)) == 1


PEAK = """
from pathlib import Path
import numpy as np
from emodist import registry

def peak():
    # Unlike ru_maxrss, it does not begin with that of the process which started this one.
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024

entry = registry.build("clusterers", "agglomerative")
rows = np.random.default_rng(0).normal(size=(5000, 3))
entry.build(3, seed=0).fit_predict(rows[:100])
before = peak()
entry.build(3, seed=0).fit_predict(rows)
print((peak() - before) / 5000**2 * entry.MOST_ROWS**2)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_as_many_rows_as_agglomerative_takes_fill_what_its_comment_says():
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(1.6e9, rel=0.15)


def test_hdbscan_calls_a_lone_point_noise(blobs):
    alone = np.vstack([blobs, np.full((1, 4), 1000.0)])
    assert registry.build("clusterers", "hdbscan").build(0, seed=0).fit_predict(alone)[-1] == -1


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("agglomerative", {"linkage": "wards"}, "did you mean 'ward'"),
        ("gaussian_mixture", {"covariance": "round"}, "one of full, tied"),
        ("kmeans", {"n_init": 0}, "at least 1; got 0"),
        ("kmeans", {"n_init": "many"}, "whole number"),
        ("hdbscan", {"min_cluster_size": 1}, "at least 2"),
        ("kmeans", {"n_inti": 3}, "did you mean 'n_init'"),
    ],
)
def test_a_wrong_setting_is_refused(name, settings, message):
    with pytest.raises(ConfigError, match=message):
        registry.build("clusterers", name, **settings)


@pytest.mark.parametrize("name", registry.names("clusterers"))
def test_every_corner_of_its_space_clusters(name):
    rows = np.random.default_rng(0).normal(size=(150, 3))
    for corner in spaces.corners(registry.get("clusterers", name).SPACE):
        assert (
            len(registry.build("clusterers", name, **corner).build(3, 0).fit_predict(rows)) == 150
        )
