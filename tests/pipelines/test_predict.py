"""From media and a bundle to predictions and timelines, also when a run is killed."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from emodist import cli, storage, synthesis
from emodist.learning import dataset
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.models import bundle, judging
from emodist.pipelines import media_job, predict
from emodist.predicting.settings import PredictSettings
from emodist.tables import locate
from tests.held import Held
from tests.pipelines.conftest import start

pytestmark = pytest.mark.slow

WINDOWS = ("segment_s=4", "hop_s=1", "--engine", "local")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's vlogs, and bundles trained on its clips: plain, and scaled by speaker."""
    root = tmp_path_factory.mktemp("demo")
    synthesis.write_corpus(root / "corpus", n_speakers=4, n_per_emotion=2, n_vlogs=3)
    settings = FeaturizeSettings(
        path=f"{root}/corpus/clips",
        out=f"{root}/clips",
        corpus="folder",
        corpus_settings={"speaker_pattern": "prefix"},
        features=("mfcc", "rms", "f0", "log_mel"),
        engine="local",
    )
    media_job.run(settings)
    for name, is_scaled in (("plain", False), ("scaled", True)):
        chosen = TrainSettings(model="logistic_regression", folds="loso", speaker_norm=is_scaled)
        judging.train(settings.out, chosen, f"{root}/{name}")
    return root


@pytest.fixture(scope="module")
def undisturbed(demo):
    """The predictions of a run that nobody disturbs."""
    assert cli.main(["predict", *words(demo, demo / "out")]) == 0
    return demo / "out"


def words(demo, out, *more, name="plain"):
    return [str(demo / name), str(demo / "corpus" / "vlogs"), "--out", str(out), *WINDOWS, *more]


def predictions(out):
    rows = locate.open_table(f"{out}/predictions").to_table()
    return rows.sort_by([("recording_id", "ascending"), ("segment", "ascending")]).combine_chunks()


def timelines(out):
    return {
        path.relative_to(out): path.read_bytes()
        for path in sorted(Path(out, "timelines").rglob("*"))
        if path.suffix in (".json", ".vtt")
    }


def test_every_window_has_a_row_and_every_vlog_a_timeline(demo, undisturbed):
    features = locate.open_table(f"{undisturbed}/features")
    rows = predictions(undisturbed)
    assert rows.num_rows == features.count_rows() > 100
    loaded = bundle.load(f"{demo}/plain")
    p = np.column_stack([rows[f"p_{name}"].to_numpy() for name in loaded.classes])
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows["confidence"].to_numpy(), p.max(axis=1))
    best = np.array(loaded.classes)[p.argmax(axis=1)]
    abstained = rows["abstained"].to_pylist()
    assert {True, False} == set(abstained)
    assert rows["label"].to_pylist() == [
        None if unsure else name for name, unsure in zip(best, abstained, strict=True)
    ]
    # Only what the bundle wants was computed: no log_mel.
    assert "log_mel" not in features.schema.names
    found = sorted(str(path.relative_to(undisturbed)) for path in undisturbed.rglob("*.json"))
    # What each run did stands in a file of its own.
    found = [name for name in found if not name.startswith("runs/")]
    assert found == [
        "predict.json",
        "run.json",
        *(f"timelines/channel_{i}/vlog_{i}.mp4.json" for i in (1, 2, 3)),
    ]
    for name in found[2:]:
        record = json.loads((undisturbed / name).read_text())
        spans = record["spans"]
        assert spans[0]["start_s"] == 0
        assert all(a["end_s"] == b["start_s"] for a, b in itertools.pairwise(spans))
        assert 39 < spans[-1]["end_s"] < 61
        assert len(record["steps"]["start_s"]) == len(record["steps"]["probabilities"]["angry"])
        assert (undisturbed / name).with_suffix(".vtt").read_text().startswith("WEBVTT\n")
        assert (undisturbed / name).with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_the_rows_are_those_of_the_bundle_on_the_table(demo, undisturbed):
    data = dataset.load(str(undisturbed))
    found = bundle.load(f"{demo}/plain").probabilities(data)
    expected = {key: row for key, row in zip(_keys(data), found, strict=True)}
    for row in predictions(undisturbed).to_pylist():
        p = [value for name, value in row.items() if name.startswith("p_")]
        np.testing.assert_allclose(
            p, expected[row["recording_id"], row["segment"]], rtol=1e-5, atol=1e-7
        )


def _keys(data):
    return zip(data.recording_id, data.segment.tolist(), strict=True)


def test_speakers_are_scaled_as_training_scales_them(demo, tmp_path):
    more = ("min_speech_fraction=0", "timelines=json")
    assert cli.main(["predict", *words(demo, tmp_path / "out", *more, name="scaled")]) == 0
    data = dataset.load(f"{tmp_path}/out")
    found = bundle.load(f"{demo}/scaled").probabilities(data)
    expected = {key: row for key, row in zip(_keys(data), found, strict=True)}
    for row in predictions(tmp_path / "out").to_pylist():
        p = [value for name, value in row.items() if name.startswith("p_")]
        np.testing.assert_allclose(p, expected[row["recording_id"], row["segment"]], atol=1e-5)


def test_a_second_run_does_nothing_and_other_rules_are_applied_in_place(
    demo, undisturbed, tmp_path, capsys
):
    copied = tmp_path / "out"
    shutil.copytree(undisturbed, copied)
    assert cli.main(["predict", *words(demo, copied, "--json")]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["new"], summary["predicted"]) == (0, 0)
    again = words(demo, copied, "--json", "smooth_s=12", "min_confidence=1")
    assert cli.main(["predict", *again]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["new"], summary["labels"]) == (0, {})
    assert summary["predicted"] == summary["abstained"]["unsure"] + summary["abstained"].get(
        "no speech", 0
    )
    assert timelines(copied) != timelines(undisturbed)


@pytest.mark.parametrize("moment", ["staging", "features", "timelines"])
def test_a_run_that_is_killed_and_started_again_gives_the_same(demo, undisturbed, tmp_path, moment):
    out = tmp_path / "out"
    driver = Held(tmp_path / "held", f"*/{moment}/*", 1, "predict", *words(demo, out)).wait()
    driver.kill()
    driver.wait()
    assert not list((out / "predictions").glob("[!.]*")) or predictions(out) == predictions(
        undisturbed
    )
    again = start("predict", *words(demo, out))
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    assert predictions(out).equals(predictions(undisturbed))
    assert timelines(out) == timelines(undisturbed)


def test_another_bundle_and_other_windows_are_refused(demo, undisturbed, capsys):
    before = predictions(undisturbed)
    assert cli.main(["predict", *words(demo, undisturbed, name="scaled")]) == 2
    assert "was made with another bundle" in capsys.readouterr().err
    assert cli.main(["predict", *words(demo, undisturbed, "hop_s=2")]) == 2
    assert "was made with hop_s=1.0, now it is 2.0" in capsys.readouterr().err
    assert predictions(undisturbed).equals(before)


def test_silence_is_not_given_an_emotion(demo, tmp_path):
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "silent.wav", np.zeros(10 * 16_000), 16_000)
    for name in ("plain", "scaled"):
        out = tmp_path / name
        settings = PredictSettings(
            bundle=f"{demo}/{name}", path=f"{tmp_path}/in", out=str(out), segment_s=4.0, hop_s=1.0
        )
        summary = predict.run(settings)
        assert summary["labels"] == {}
        assert summary["abstained"] == {"no speech": summary["segments"]}
        record = json.loads((out / "timelines" / "silent.wav.json").read_text())
        assert [span["reason"] for span in record["spans"]] == ["no speech"]
        assert "-->" not in (out / "timelines" / "silent.wav.vtt").read_text()


def test_of_a_speaker_with_little_speech_nothing_is_said(demo, tmp_path):
    vlog = demo / "corpus" / "vlogs" / "channel_1" / "vlog_1.mp4"
    settings = PredictSettings(
        bundle=f"{demo}/scaled", path=str(vlog), out=f"{tmp_path}/out", segment_s=30.0
    )
    summary = predict.run(settings)
    assert summary["labels"] == {}
    assert summary["abstained"] == {"too few segments of this speaker": summary["segments"]}


def test_clips_that_were_trained_on_are_noticed_and_have_no_timelines(demo, tmp_path, capsys):
    clips = demo / "corpus" / "clips" / "angry"
    assert cli.main(["predict", f"{demo}/plain", str(clips), "--out", f"{tmp_path}/out"]) == 0
    told = capsys.readouterr()
    assert "8 of 8 recordings were in the training data" in told.err
    assert "labels: " in told.out
    assert not (tmp_path / "out" / "timelines").exists()


def test_media_that_sound_unlike_the_training_data_are_noticed(demo, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    # A tone over faint noise, loud and soft by turns so that it counts as speech by its level.
    t = np.arange(12 * 16_000) / 16_000
    sound = np.sin(2 * np.pi * 7000 * t) * (np.sin(2 * np.pi * 2 * t) > 0) * 0.9
    soundfile.write(tmp_path / "in" / "x.wav", sound + rng.normal(size=len(t)) * 1e-4, 16_000)
    settings = PredictSettings(
        bundle=f"{demo}/plain",
        path=f"{tmp_path}/in",
        out=f"{tmp_path}/out",
        segment_s=4.0,
        speech="energy",
    )
    assert any("unlike the training data" in note for note in predict.run(settings)["notes"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["plain", "empty"], "holds no media files"),
        (["nothing", "corpus/vlogs"], "nothing is no bundle"),
        (["plain"], "predict takes BUNDLE and PATH"),
        (["plain", "corpus/vlogs", "timelines=gif"], "timelines takes json, vtt, png; got 'gif'"),
        (["plain", "corpus/vlogs", "min_confidence=2"], "min_confidence must be within 0 and 1"),
        (["foreign", "corpus/vlogs"], "does not say how its features were made"),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(demo, tmp_path, capsys, given, message):
    (demo / "empty").mkdir(exist_ok=True)
    if given[0] == "foreign":
        shutil.copytree(demo / "plain", tmp_path / "foreign")
        file = tmp_path / "foreign" / "bundle.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "featurized": {}}))
    roots = {"foreign": tmp_path}
    places = [word if "=" in word else str(roots.get(word, demo) / word) for word in given]
    assert cli.main(["predict", *places, "--out", f"{tmp_path}/out"]) == 2
    stderr = capsys.readouterr().err
    assert message in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_job_needs_nothing_but_its_file(demo, undisturbed, tmp_path):
    jobs = Path(cli.__file__).parents[1] / "jobs"
    done = subprocess.run(
        [
            *(sys.executable, jobs / "predict.py", jobs / "predict.yaml"),
            *(f"bundle={demo}/plain", f"path={demo}/corpus/vlogs", f"out={tmp_path}/out"),
            *("engine=local", "timelines=json"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert predictions(tmp_path / "out").equals(predictions(undisturbed))


@pytest.mark.ray
def test_ray_gives_the_same_rows(demo, undisturbed, tmp_path):
    out = tmp_path / "out"
    driver = start("predict", *words(demo, out)[:-1], "ray", "--workers", "2")
    _, stderr = driver.communicate(timeout=300)
    assert driver.returncode == 0, stderr
    ours = predictions(out)
    assert ours.equals(predictions(undisturbed))
    assert timelines(out).keys() == timelines(undisturbed).keys()


def test_predictions_for_files_that_are_no_more_are_removed(demo, undisturbed, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    name = next((out / "predictions").glob("*.parquet"))
    pq.write_table(pq.read_table(name), out / "predictions" / "old.parquet")
    assert cli.main(["predict", *words(demo, out)]) == 0
    assert storage.names(f"{out}/predictions") == storage.names(f"{out}/features")
