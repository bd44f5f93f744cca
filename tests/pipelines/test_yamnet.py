"""YAMNet's features through the whole job: its own process, batches across clips, every engine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emodist.errors import ConfigError
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import media_job
from emodist.tables import schema
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = [pytest.mark.tf, pytest.mark.slow]
NETWORK = ("yamnet", "mfcc", "yamnet_scores")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A cache of its own, so that nothing prepared earlier helps."""
    folder = tmp_path_factory.mktemp("home")
    # A Ray that ran in this process before holds the token of the real home: its next one needs
    # the same.
    tokens = Path.home() / ".ray"
    tokens.mkdir(exist_ok=True)
    (folder / ".ray").symlink_to(tokens)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        yield


@pytest.fixture
def tiny(tiny_folder, home):
    return {"features": NETWORK, "feature_settings": {"yamnet": {"model": str(tiny_folder)}}}


def test_embeddings_equal_the_models_own_call_on_each_clip(
    real_folder,
    real_call,
    home,
    shared_data,
    tmp_path,
):
    clips = sorted((shared_data / "ravdess").glob("Actor_0[1-4]/*-0[15]-02-01-01-*.flac"))
    (tmp_path / "x").mkdir()
    for clip in clips:
        (tmp_path / "x" / clip.name).symlink_to(clip)
    soundfile.write(tmp_path / "x" / "03-01-01-01-01-01-01.wav", np.zeros(16_000), 16_000)
    feature_settings = {
        "yamnet": {"model": str(real_folder), "functionals": "mean,max"},
        "yamnet_scores": {"functionals": "mean"},
    }
    featurize(
        tmp_path / "x",
        tmp_path / "out",
        corpus="ravdess",
        trim_db=None,
        features=("yamnet", "yamnet_scores"),
        feature_settings=feature_settings,
    )
    rows = table(tmp_path / "out")
    assert rows.num_rows == len(clips) + 1
    embeddings, scores = schema.values(rows["yamnet"]), schema.values(rows["yamnet_scores"])
    for index, uri in enumerate(rows["uri"].to_pylist()):
        waveform, _ = soundfile.read(uri, dtype="float32")
        own_scores, own_embeddings, _ = real_call(waveform)
        expected = np.stack([own_embeddings.mean(axis=0), own_embeddings.max(axis=0)], axis=1)
        np.testing.assert_allclose(embeddings[index], expected.ravel(), rtol=1e-3, atol=2e-5)
        np.testing.assert_allclose(scores[index], own_scores.mean(axis=0), rtol=1e-3, atol=2e-5)
    labels = schema.labels(rows.schema.field("yamnet_scores"))
    speech = scores[:, labels.index("yamnet_scores_speech_mean")]
    silence = scores[:, labels.index("yamnet_scores_silence_mean")]
    is_clip = np.array([uri.endswith(".flac") for uri in rows["uri"].to_pylist()])
    assert speech[is_clip].min() > 0.5
    assert silence[~is_clip] > 0.9
    fractions = rows["speech_fraction"].to_numpy()
    assert fractions[is_clip].min() > 0.5
    assert fractions[~is_clip] == 0


def test_columns_keep_the_order_asked_for_and_the_model_lies_beside_the_table(
    clips, tiny, tmp_path
):
    featurize(clips, tmp_path / "out", **tiny)
    rows = table(tmp_path / "out")
    assert rows.schema.names[-3:] == list(NETWORK)
    assert "network_input" not in rows.schema.names
    assert schema.labels(rows.schema.field("yamnet_scores"))[1] == (
        "yamnet_scores_child_speech_kid_speaking_mean"
    )
    made_by = json.loads((tmp_path / "out" / "yamnet" / "core.json").read_text())
    assert made_by["n_classes"] == 5
    # The prepared model needs no TensorFlow and gives the same rows.
    again = {
        "features": NETWORK,
        "feature_settings": {"yamnet": {"model": str(tmp_path / "out" / "yamnet")}},
    }
    featurize(clips, tmp_path / "again", **again)
    assert table(tmp_path / "again") == rows


def test_segments_without_speech_are_skipped_when_asked(clips, tiny, tmp_path):
    featurize(clips, tmp_path / "all", **tiny)
    fractions = table(tmp_path / "all")["speech_fraction"].to_numpy()
    limit = float(np.median(fractions))
    summary = featurize(clips, tmp_path / "some", min_speech_fraction=limit, **tiny)
    assert summary["recordings"] == 12
    assert summary["segments"] == np.count_nonzero(fractions >= np.float32(limit))


def test_where_sound_is_decoded_there_is_neither_tensorflow_nor_the_network(tiny, tmp_path):
    settings = {**tiny, "path": "x", "out": "y"}
    code = (
        "import sys; from emodist.media import stages; "
        "from emodist.media.settings import FeaturizeSettings; "
        f"stages.decoding(FeaturizeSettings(**{settings!r})); "
        "print([m for m in ('tensorflow', 'ai_edge_litert', 'ray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_killed_network_process_and_a_killed_driver_cost_no_row(tiny, tmp_path):
    clips, out = tmp_path / "clips", tmp_path / "out"
    for index in range(24):
        write_clip(clips / "a" / f"{index}.wav", index, 12.0)
    featurize(clips, tmp_path / "whole", segment_s=1.0, **tiny)
    words = (
        "featurize",
        clips,
        "--out",
        out,
        "--corpus",
        "folder",
        "--engine",
        "local",
        "--workers",
        "1",
        "segment_s=1",
        f"features={','.join(NETWORK)}",
        f"yamnet.model={tiny['feature_settings']['yamnet']['model']}",
    )
    killed = set()
    driver = start(*words)
    deadline = time.monotonic() + 120
    while driver.poll() is None and len(list(out.glob("staging/*/*/recordings.arrow"))) < 2:
        assert time.monotonic() < deadline
        # The second child of a worker is its network.
        tasks = os.listdir(f"/proc/{driver.pid}/task")
        children = []
        for task in tasks:
            try:
                with open(f"/proc/{driver.pid}/task/{task}/children") as file:
                    children += [int(pid) for pid in file.read().split()]
            except FileNotFoundError:
                continue
        if len(children) == 2 and not killed:
            killed.add(max(children))
            os.kill(max(children), signal.SIGKILL)
        time.sleep(0.002)
    assert killed
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    again = start(*words)
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    assert table(out) == table(tmp_path / "whole")


def test_a_model_that_is_not_there_is_one_line_before_work_begins(clips, home, tmp_path):
    run = start(
        "featurize",
        clips,
        "--out",
        tmp_path / "out",
        "--features",
        "yamnet",
        f"yamnet.model={tmp_path}/nothing",
    )
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 2
    assert len(stderr.splitlines()) == 1
    assert "nothing does not exist" in stderr
    assert "google/yamnet/1" in stderr


def test_two_models_in_one_table_are_refused():
    with pytest.raises(ConfigError, match="need one model"):
        FeaturizeSettings(
            path="x",
            out="y",
            features=("yamnet", "yamnet_scores"),
            feature_settings={"yamnet": {"model": "a"}, "yamnet_scores": {"model": "b"}},
        )


@pytest.mark.ray
def test_ray_gives_the_same_rows_with_one_pool_and_with_two(clips, tiny, tmp_path, fresh_ray):
    """No GPU is here: Ray is told of one, and the pool that would hold it computes on the CPU."""
    featurize(clips, tmp_path / "local", **tiny)
    fresh_ray.init(address="local", num_cpus=2, num_gpus=1, include_dashboard=False)
    for out, gpus in (("one", 0.0), ("two", 0.5)):
        summary = featurize(clips, tmp_path / out, **{**tiny, "engine": "ray"}, yamnet_gpus=gpus)
        assert (summary["new"], summary["engine"]) == (12, "ray")
        assert table(tmp_path / out) == table(tmp_path / "local")


@pytest.mark.ray
def test_a_gpu_that_the_cluster_does_not_have_is_refused(clips, tiny, tmp_path, fresh_ray):
    settings = FeaturizeSettings(
        path=str(clips),
        out=str(tmp_path / "out"),
        corpus="folder",
        engine="ray",
        yamnet_gpus=1.0,
        **tiny,
    )
    fresh_ray.init(address="local", num_cpus=1, num_gpus=0, include_dashboard=False)
    with pytest.raises(ConfigError, match="the cluster has no GPU"):
        media_job.run(settings)
