import dataclasses

import numpy as np
import pytest
import yaml

from emodist import config, registry, spaces
from emodist.clustering import clusters
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError
from emodist.sweeps import output, trials
from emodist.sweeps.trials import Sweep
from emodist.tuning.clusters import Clusters, ClustersSweep
from tests import make
from tests.tuning.conftest import work


def blobs(**more):
    """Far clouds of spread 1, labelled so; six speakers who are in all of them."""
    x, truth = make.blobs(**more)
    speakers = [f"s{i % 6}" for i in range(len(x))]
    return make.dataset(x, speakers, [f"blob{g}" for g in truth], apart=True)


def tuned(data, **settings):
    kind = Clusters.of(data, ClustersSweep(**{"trials": 30, "k_max": 6, **settings}))
    sweep = Sweep(kind, kind.settings)
    work(sweep)
    return kind, sweep.rows, kind.conclude(sweep.rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", ["silhouette", "calinski_harabasz", "davies_bouldin", "stability"]
)
def test_the_planted_number_of_blobs_is_found(objective):
    _, rows, found = tuned(blobs(), objective=objective, n_resamples=3)
    assert found["best"]["n_clusters"] == 3
    assert found["best"]["ari_labels"] == 1
    assert abs(found["best"]["ari_speakers"]) < 0.05
    assert len(rows) == 30
    assert not trials.counts(rows)["failed"]


def test_a_small_space_is_tried_once_and_no_more():
    _, rows, found = tuned(blobs(), algorithms=("kmeans",), trials=30)
    assert sorted(row["values"]["k"] for row in rows) == [2, 3, 4, 5, 6]
    assert found["best"]["values"] == {"k": 3}


def test_outliers_that_are_split_off_and_noise_have_no_score():
    data = blobs()
    far = dataclasses.replace(data, x=np.vstack([data.x[:-1], [[1e4, 1e4, 1e4]]]).astype("f4"))
    kind, rows, _ = tuned(far, algorithms=("kmeans",))
    by_k = {row["values"]["k"]: row for row in rows}
    assert by_k[2]["steps"][0]["silhouette"] > 0.9
    assert by_k[2]["score"] is None
    step = {"silhouette": 0.9, "noise": 0.3, "smallest": 50}
    assert kind.score([step]) is None
    assert kind.score([{**step, "noise": 0.1}]) == 0.9


def test_best_yaml_is_what_cluster_takes_and_gives_the_same_index(tmp_path):
    data = blobs(distance=4)
    kind, rows, found = tuned(data, algorithms=("kmeans", "agglomerative"), trials=12, pca="search")
    output.finish(str(tmp_path), kind, rows, found)
    settings = config.load(ClusterSettings, str(tmp_path / "best.yaml"))
    about = clusters.cluster(data, settings).about
    assert about["scores"][0]["silhouette"] == pytest.approx(found["best"]["score"])
    assert about["labels"]["ari"] == pytest.approx(found["best"]["ari_labels"])


def test_a_searched_space_is_said_beside_the_result():
    _, _, found = tuned(blobs(), algorithms=("kmeans",), trials=4, speaker_norm="search")
    assert "objective=stability compares spaces" in found["notes"][0]


def test_every_corner_of_the_space_is_a_settings_file(tmp_path):
    file = tmp_path / "best.yaml"
    data = make.dataset(
        np.random.default_rng(0).normal(size=(60, 12)), ["a"] * 60, [None] * 60, apart=True
    )
    for name in registry.names("clusterers"):
        kind = Clusters.of(data, ClustersSweep(algorithms=(name,), pca="search"))
        for corner in spaces.corners(kind.space):
            values = {k: v for k, v in corner.items() if kind.applies(k, corner)}
            settings = kind.settings_of(values)
            assert settings.algorithm == name
            file.write_text(yaml.safe_dump(output.as_config(settings)))
            assert config.load(ClusterSettings, str(file)) == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithms": ("kmean",)}, "did you mean 'kmeans'"),
        ({"k_min": 5, "k_max": 4}, "k_max=4 is below k_min=5"),
        ({"max_noise": 2.0}, "max_noise must be within 0 and 1"),
        ({"objective": "stability", "n_resamples": 0}, "needs n_resamples"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ClustersSweep(**settings)


def test_too_few_rows_are_refused():
    with pytest.raises(ConfigError, match="need more than 12 rows; the table has 9"):
        Clusters.of(blobs(n_each=3), ClustersSweep())
