"""What is said beside the numbers."""

import numpy as np
import pytest

from emodist.clustering import words

PEOPLE = np.array([f"s{i % 4}" for i in range(40)], object)


def about(**more):
    """Clusters of forty rows that are clear and follow nothing."""
    row = {"k": 2, "silhouette": 0.6, "calinski_harabasz": 90.0, "davies_bouldin": 0.5}
    none = {"ari": 0.0, "nmi": 0.0, "v_measure": 0.0, "purity": 0.5, "purity_by_chance": 0.5}
    none |= {"concentration": 0.5, "concentration_by_chance": 0.5, "groups": 2, "rows": 40}
    cluster = {"rows": 20, "speakers": 4, "labels": {}, "example": None}
    return {
        "settings": {"algorithm": "kmeans", "speaker_norm": False, "n_resamples": 0},
        "rows": 40, "dimensions": 3, "variance_kept": 1.0, "k": 2, "noise": 0, "notes": [],
        "k_of_each_index": {"silhouette": 2, "calinski_harabasz": 2, "davies_bouldin": 2},
        "scores": [{**row, "stability": None, "smallest": 20}, {**row, "k": 3, "stability": None,
        "smallest": 5}],
        "labels": none, "speakers": none,
        "clusters": [{"cluster": 0, **cluster}, {"cluster": 1, **cluster}],
        **more,
    }  # fmt: skip


def test_clear_clusters_that_follow_nothing_need_no_note():
    assert words.notes(about(), PEOPLE) == []


def test_a_weak_silhouette_is_called_a_continuum():
    weak = about()
    weak["scores"][0]["silhouette"] = 0.25
    (note,) = words.notes(weak, PEOPLE)
    assert "clusters cut a continuum" in note


def test_one_cluster_with_nearly_all_rows_is_said_to_be_all_but_outliers():
    lopsided = about()
    lopsided["clusters"][0] = {**lopsided["clusters"][0], "rows": 38}
    assert "cluster 0 holds 95% of the rows" in words.notes(lopsided, PEOPLE)[0]


@pytest.mark.parametrize(
    ("labels", "speakers", "what"),
    [
        ({"nmi": 0.1}, {"nmi": 0.4}, "speakers more than labels"),
        (None, {"nmi": 0.0, "concentration": 0.9, "concentration_by_chance": 0.5}, "speakers;"),
    ],
)
def test_clusters_that_follow_voices_name_the_way_out(labels, speakers, what):
    found = words.notes(about(labels=labels, speakers=speakers), PEOPLE)
    assert [note for note in found if "speaker_norm=true" in note and f"follow {what}" in note]


def test_with_a_z_score_speakers_of_few_rows_are_counted():
    settings = {"algorithm": "kmeans", "speaker_norm": True, "n_resamples": 0}
    people = np.array(["much"] * 36 + ["little"] * 4, object)
    (note,) = words.notes(about(settings=settings), people)
    assert note.startswith("1 of 2 speakers have fewer than 5 rows")


def test_the_text_says_who_chose_k_and_what_is_not_known():
    told = words.text(about(labels=None))
    assert "k=2: all three indices prefer it" in told
    assert "with labels: fewer than two are known" in told
    own = {"silhouette": 2, "calinski_harabasz": 3, "davies_bouldin": 2}
    told = words.text(about(k_of_each_index=own))
    assert "silhouette 2, calinski-harabasz 3, davies-bouldin 2" in told
    assert "k=2 (given)" in words.text(about(scores=about()["scores"][:1]))
