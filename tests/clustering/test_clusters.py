import csv
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist import cli, registry
from emodist.clustering import clusters, output, quality, words
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError, OutputError
from emodist.learning import dataset
from tests import make

TAKES_K = [n for n in registry.names("clusterers") if registry.get("clusterers", n).TAKES_K]
QUICK = {"k_max": 4, "n_resamples": 2}


@pytest.fixture
def table(tmp_path):
    """Three far blobs, labelled so; six speakers who are in all of them."""
    x, truth = make.blobs()
    return make.table(
        tmp_path / "blobs.parquet",
        {"rms": x},
        speaker=[f"s{index % 6}" for index in range(len(x))],
        label=[f"blob{group}" for group in truth],
    )


@pytest.mark.parametrize("algorithm", TAKES_K)
def test_three_far_blobs_are_three_clusters_for_every_algorithm(algorithm, table):
    settings = ClusterSettings(algorithm=algorithm, **QUICK)
    about = clusters.cluster(dataset.load(table), settings).about
    assert about["k"] == 3
    assert about["k_of_each_index"] == dict.fromkeys(quality.INDICES, 3)
    chosen = about["scores"][1]
    assert chosen["silhouette"] > 0.9
    assert chosen["stability"] == 1
    assert chosen["smallest"] == 20
    for measure in ("ari", "nmi", "purity", "v_measure"):
        assert about["labels"][measure] == pytest.approx(1)
    assert abs(about["speakers"]["ari"]) < 0.05


def test_hdbscan_finds_the_number_by_itself(table):
    found = clusters.cluster(dataset.load(table), ClusterSettings(algorithm="hdbscan"))
    assert found.about["k"] == 3
    assert len(found.scores) == 1
    assert np.isfinite(found.confidence).all()


def test_the_same_seed_gives_the_same_result(table):
    data = dataset.load(table)
    first, second = (clusters.cluster(data, ClusterSettings(**QUICK)) for _ in range(2))
    np.testing.assert_array_equal(first.cluster, second.cluster)
    assert first.about == second.about


def test_clusters_are_voices_until_they_are_scaled_by_speaker(tmp_path):
    # Two moods 4 apart, in three voices 100 apart: the voice is what stands out.
    rng = np.random.default_rng(3)
    voice, mood = np.repeat(np.arange(3), 40), np.tile(np.arange(2), 60)
    x = rng.normal(scale=0.3, size=(120, 2)) + np.stack([100 * voice, 4 * mood], axis=1)
    x[:, 1] += 100 * (voice == 1)
    path = make.table(
        tmp_path / "voices.parquet",
        {"rms": x},
        speaker=[f"s{v}" for v in voice],
        label=[f"m{m}" for m in mood],
    )
    data = dataset.load(path)
    plain = clusters.cluster(data, ClusterSettings(k_max=4, n_resamples=0)).about
    assert plain["k"] == 3
    assert plain["speakers"]["ari"] == 1
    assert "speaker_norm=true" in plain["notes"][0]
    scaled = clusters.cluster(data, ClusterSettings(k=2, speaker_norm=True, n_resamples=0)).about
    assert abs(scaled["speakers"]["ari"]) < 0.02
    assert scaled["labels"]["ari"] == 1


def test_noise_has_no_centre():
    points = np.array([[0.0], [1.0], [10.0], [11.0], [500.0]])
    distance = clusters._distances(points, np.array([0, 0, 1, 1, -1]))
    np.testing.assert_array_equal(distance, [0.5, 0.5, 0.5, 0.5, math.nan])


def test_examples_are_the_rows_nearest_to_the_mean_one_of_a_recording(table):
    data = dataset.load(table)
    found = clusters.cluster(data, ClusterSettings(k=3, n_resamples=0, n_examples=3))
    for label, rows in found.examples.items():
        own = np.flatnonzero(found.cluster == label)
        nearest = own[np.argsort(found.distance[own])][:3]
        np.testing.assert_array_equal(rows, nearest)
    data.recording_id[:] = "one"
    examples = clusters._examples(data, found.cluster, found.distance, 3)
    assert [len(rows) for rows in examples.values()] == [1, 1, 1]


def test_speakers_are_drawn_as_wholes(table):
    data = dataset.load(table)
    unit, draws = clusters.bootstrap(data, ClusterSettings(), np.random.default_rng(0))
    assert unit == "speakers"
    for rows in draws:
        drawn = set(data.speaker[rows])
        assert len(rows) == sum(who in drawn for who in data.speaker)


@pytest.mark.slow
def test_files_hold_every_row_and_can_be_written_again(table, tmp_path):
    out = tmp_path / "out"
    settings = ClusterSettings(algorithm="gaussian_mixture", **QUICK)
    for _ in range(2):
        found = output.run(table, settings, str(out))
    rows = pq.read_table(out / "clusters.parquet")
    assert rows.num_rows == 60
    assert rows["cluster"].to_pylist() == found.cluster.tolist()
    assert rows["label"].type == pa.string()
    assert min(rows["confidence"].to_pylist()) > 0.99
    about = json.loads((out / "clusters.json").read_text())
    assert about["settings"]["k_max"] == 4
    with open(out / "scores.csv") as file:
        assert [row["k"] for row in csv.DictReader(file)] == ["2", "3", "4"]
    with open(out / "examples.csv") as file:
        examples = list(csv.DictReader(file))
    assert len(examples) == 3 * 5
    assert {"cluster", "rank", "uri", "start_s"} <= set(examples[0])


def test_a_folder_with_other_files_is_left_alone(table, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        output.run(table, ClusterSettings(), str(tmp_path / "out"))


def test_an_archive_without_labels_and_speakers_is_clustered(tmp_path):
    path = make.table(tmp_path / "archive.parquet", {"rms": make.blobs()[0]})
    found = output.run(path, ClusterSettings(**QUICK), str(tmp_path / "out"))
    assert found.about["k"] == 3
    assert found.about["labels"] is None
    assert found.about["stability"]["resampled"] == "rows"
    assert pq.read_table(tmp_path / "out" / "clusters.parquet")["speaker"].null_count == 60
    assert "labels: fewer than two are known" in words.text(found.about)


def test_speaker_norm_needs_speakers(tmp_path):
    path = make.table(tmp_path / "archive.parquet", {"rms": make.blobs()[0]})
    with pytest.raises(ConfigError, match="every row needs a speaker; 60 of 60"):
        clusters.cluster(dataset.load(path), ClusterSettings(speaker_norm=True))


def test_hdbscan_says_when_all_is_noise(tmp_path):
    x = np.random.default_rng(0).uniform(size=(30, 8))
    path = make.table(tmp_path / "noise.parquet", {"rms": x})
    settings = ClusterSettings(
        algorithm="hdbscan", algorithm_settings={"min_cluster_size": 20}, n_examples=1
    )
    found = output.run(path, settings, str(tmp_path / "out"))
    assert found.about["k"] == 0
    assert found.about["noise"] == 30
    assert "no clusters" in words.text(found.about)


@pytest.mark.parametrize(
    ("n_rows", "settings", "message"),
    [
        (5, {}, "k_max=12 clusters need more than 12 different rows; the table has 5; .* 4 at"),
        (5, {"k": 5}, "k=5 clusters need more than 5"),
        (1, {}, "the table has one row"),
        (5, {"algorithm": "hdbscan"}, "hdbscan: .*5"),
    ],
)
def test_too_few_rows_are_refused(n_rows, settings, message, tmp_path):
    path = make.table(tmp_path / "few.parquet", {"rms": make.blobs()[0][:n_rows]})
    with pytest.raises(ConfigError, match=message):
        clusters.cluster(dataset.load(path), ClusterSettings(**settings))


def test_rows_that_are_all_the_same_are_refused(tmp_path):
    path = make.table(tmp_path / "same.parquet", {"rms": np.ones((20, 3))})
    with pytest.raises(ConfigError, match="all rows are the same"):
        clusters.cluster(dataset.load(path), ClusterSettings())


def test_a_cloud_without_groups_is_called_so(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 20))
    path = make.table(tmp_path / "cloud.parquet", {"rms": x})
    about = clusters.cluster(dataset.load(path), ClusterSettings(**QUICK)).about
    assert "no clear groups" in about["notes"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--algorithm", "k_means"], "did you mean 'kmeans'"),
        (["kmax=3"], "did you mean 'k_max'"),
        (["kmeans.ninit=3"], "did you mean 'n_init'"),
        (["k_min=1"], "k_min must be at least 2"),
        (["k_min=5", "k_max=4"], "k_max=4 is below k_min=5"),
        (["algorithm=hdbscan", "k=4"], "finds the number of clusters itself"),
        (["features=mfcc"], "no feature 'mfcc'"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(words, message, table, tmp_path, capsys):
    assert cli.main(["cluster", table, "--out", str(tmp_path / "out"), *words]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert message in error[0]


@pytest.mark.slow
def test_the_command_prints_a_summary_with_the_path_last(table, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert cli.main(["cluster", table, "--out", out, "k_max=4", "n_resamples=2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "k=3: all three indices prefer it" in shown
    assert shown[-1] == f"wrote {out}"
    words = ["cluster", table, "--out", out, "k=3", "agglomerative.linkage=average", "--json"]
    assert cli.main([*words, "--algorithm", "agglomerative"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"]["ari"] == 1


def test_plots_are_drawn(table, tmp_path):
    output.run(table, ClusterSettings(**QUICK), str(tmp_path / "out"))
    for name in output.PLOTS:
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
