"""Bundles and predictions of earlier releases: this one predicts with them, and adds to them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emodist.learning import dataset
from emodist.models import bundle

pytestmark = pytest.mark.slow


def probabilities(out: str, uri: str) -> np.ndarray:
    (file,) = [
        file
        for file in Path(out, "predictions").glob("*.parquet")
        if pq.read_table(file)["uri"][0].as_py().endswith(uri)
    ]
    rows = pq.read_table(file).sort_by("start_s")
    return np.column_stack([rows[name] for name in rows.column_names if name.startswith("p_")])


def test_a_bundle_predicts_what_it_predicted_then(left):
    left.again("predictions", to="now")
    then = probabilities("predictions", "vlog.flac")
    np.testing.assert_allclose(probabilities("now", "vlog.flac"), then, atol=1e-4)
    spans = [
        json.loads(Path(out, "timelines/channel_1/vlog.flac.json").read_text())["spans"]
        for out in ("predictions", "now")
    ]
    assert [span["label"] for span in spans[0]] == [span["label"] for span in spans[1]]


def test_predictions_are_not_made_again_and_new_media_are_added(left):
    assert left.again("predictions")["predicted"] == 0
    Path("vlogs/channel_2").mkdir()
    shutil.copy("vlogs/channel_1/vlog.flac", "vlogs/channel_2/another.flac")
    found = left.again("predictions")
    assert (found["new"], found["recordings"], found["predicted"]) == (1, 2, 5)
    then = probabilities("predictions", "vlog.flac")
    np.testing.assert_allclose(probabilities("predictions", "another.flac"), then, atol=1e-4)


def test_a_bundle_that_was_trained_per_speaker_predicts(left):
    command = left.commands["predictions"].replace("/bundle ", "/bundle_of_speakers ")
    code, _, errors = left.run(command, "predictions", to="now")
    assert code == 0, errors
    found = probabilities("now", "vlog.flac")
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.tf
def test_a_network_predicts(left):
    loaded = bundle.load("network")
    found = loaded.probabilities(dataset.load("features", loaded.columns))
    assert found.shape == (18, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@pytest.mark.tf
def test_a_finished_network_is_not_trained_again(left):
    before = bundle.digest("network")
    left.again("network")
    assert bundle.digest("network") == before


def test_a_timeline_leads_back_to_what_it_came_from(left):
    code, said, errors = left.run("trace vlog.flac --predictions predictions")
    assert code == 0, errors
    assert "/proc/self/cwd/features" in said
