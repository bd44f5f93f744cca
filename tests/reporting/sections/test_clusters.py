import json
from pathlib import Path

import pytest

from emodist.clustering import output
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError
from emodist.reporting.sections import clusters
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table

SETTINGS = ClusterSettings(k_max=3, n_resamples=2)


@pytest.fixture(scope="module")
def clustered(table, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("clusters") / "c")
    output.run(table, SETTINGS, out)
    return out


def test_without_clusters_there_is_the_command_and_a_tree(table):
    page = shown(clusters, material(table))
    assert page.lines() == [f"emodist cluster {table} --out clusters/ speaker_norm=true"]
    assert page.figures == ["dendrogram"]


def test_without_all_speakers_the_command_does_not_scale_by_them(tmp_path):
    table = write_table(tmp_path / "t", speakers=("01", None))
    page = shown(clusters, material(table))
    assert page.lines() == [f"emodist cluster {table} --out clusters/"]


def test_clusters_have_their_scores_their_silhouettes_and_a_row_each(table, clustered):
    page = shown(clusters, material(table, clusters=clustered))
    about = json.loads(Path(clustered, "clusters.json").read_text())
    assert page.figures == ["scores_by_k", "silhouettes", "dendrogram"]
    told, agreement = page.of("table")
    assert [row[1] for row in told["rows"]] == [row["rows"] for row in about["clusters"]]
    assert agreement["rows"][0] == [
        "labels",
        *(about["labels"][name] for name in ("ari", "nmi", "purity", "purity_by_chance")),
    ]
    assert "no classifier, no held-out speakers" in page.words("paragraph")


def test_clusters_of_another_table_are_refused(clustered, tmp_path):
    other = write_table(tmp_path / "t", corpora=("other",))
    with pytest.raises(ConfigError, match="holds clusters of another table"):
        shown(clusters, material(other, clusters=clustered))


def test_a_tree_that_cannot_be_is_a_note(tmp_path):
    table = write_table(tmp_path / "t", ("angry",), ("01",), 1)
    page = shown(clusters, material(table))
    assert page.words("note").startswith("No dendrogram: ")
    assert page.figures == []
