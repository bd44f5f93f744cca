"""Predictions against what runs really came to; CPU time with bounds that leave room for noise."""

import json
from pathlib import Path

import numpy as np
import pytest

from emodist import cli
from emodist.audio import decode
from emodist.errors import ConfigError
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import estimate, media_job, sample
from tests.audio.test_length import write as write_mp3
from tests.pipelines.conftest import settings, write_clip

WITHIN = 0.25


def predict(path, price_per_cpu_h=None, **more):
    given = settings(path, "nowhere", corpus="media", price_per_cpu_h=price_per_cpu_h)
    return estimate.predict(given, **more)


def output_bytes(out: Path) -> int:
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file())


def assert_predicted(found, summary, out):
    for name in ("audio_h", "segments"):
        assert found[name] == pytest.approx(summary[name], rel=WITHIN), name
    assert found["output_bytes"] == pytest.approx(output_bytes(out), rel=WITHIN)


@pytest.mark.slow
@pytest.mark.parametrize("folders", [("ravdess",), ("vlogs", "media")], ids="+".join)
def test_real_data_is_predicted_within_a_quarter(folders, shared_data, tmp_path):
    (tmp_path / "data").mkdir()
    for folder in folders:
        (tmp_path / "data" / folder).symlink_to(shared_data / folder)
    chosen = FeaturizeSettings(
        path=str(tmp_path / "data"), out=str(tmp_path / "out"), engine="local", workers=2
    )
    found = estimate.predict(chosen, n_cpus=2)
    summary = media_job.run(chosen)
    assert found["files"] == summary["recordings"] + summary["failed"]
    assert found["sampled_files"] <= 24
    assert found["failed"] == pytest.approx(summary["failed"])
    assert_predicted(found, summary, tmp_path / "out")
    # `cpu_s` is the children's part, without their start; three starts and the driver come to
    # less than 15 s on a busy machine.
    assert 0.7 * summary["cpu_s"] < found["cpu_h"] * 3600 < 2 * summary["cpu_s"] + 15


@pytest.mark.slow
def test_many_short_files_and_a_few_long_ones_are_both_predicted(tmp_path):
    for index in range(40):
        write_clip(tmp_path / f"clips/short_{index}.wav", index, 0.5 + index / 40)
    for index in range(2):
        write_clip(tmp_path / f"clips/long_{index}.flac", index, 90.0)
    found = predict(tmp_path / "clips", n_files=10)
    chosen = settings(tmp_path / "clips", tmp_path / "out", corpus="media")
    assert found["files"] == 42
    assert found["sampled_files"] <= 11
    assert not found["is_complete"]
    assert_predicted(found, media_job.run(chosen), tmp_path / "out")


@pytest.mark.slow
def test_only_the_beginning_of_long_files_is_processed(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "SAMPLE_S", 60.0)
    monkeypatch.setattr(sample, "BEGINNING_S", 20.0)
    for index in range(2):
        write_clip(tmp_path / f"clips/{index}.wav", index, 200.0)
    found = predict(tmp_path / "clips")
    assert found["sampled_s"] == pytest.approx(60, abs=20)
    assert found["audio_h"] == pytest.approx(400 / 3600, rel=1e-3)
    # 30 s are 8 windows of 4 s, the last one cut short.
    assert found["segments"] == pytest.approx(100, rel=0.1)
    assert not found["is_complete"]


@pytest.mark.slow
def test_few_files_are_measured_and_a_bad_one_is_counted(tmp_path, capsys):
    for index in range(3):
        write_clip(tmp_path / f"clips/{index}.wav", index, 1.0)
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    found = predict(tmp_path / "clips", price_per_cpu_h=0.05, n_cpus=8)
    assert found["is_complete"]
    assert (found["files"], found["sampled_files"]) == (4, 4)
    assert (found["failed"], found["segments"]) == pytest.approx((1, 3))
    assert found["audio_h"] * 3600 == pytest.approx(3)
    assert set(found["uncertainty"].values()) == {0}
    assert found["cost"] == pytest.approx(0.05 * found["cpu_h"])
    assert 50e6 < found["worker_bytes"] < 2e9
    assert "all files were processed (4 of 4 files, 3 s of sound)" in estimate.text(found)
    assert sorted(tmp_path.rglob("*")) == before

    words = [str(tmp_path / "clips"), "features=rms", "--price", "2", "--cpus", "3", "--json"]
    assert cli.main(["plan", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_cpus"], told["price_per_cpu_h"]) == (3, 2)
    assert told["output_bytes"] < found["output_bytes"]


@pytest.mark.slow
def test_a_folder_of_broken_files_is_predicted_to_fail(tmp_path):
    for index in range(3):
        (tmp_path / f"{index}.mp3").write_bytes(b"")
    found = predict(tmp_path, n_files=2)
    assert found["failed"] == pytest.approx(3)
    assert (found["audio_h"], found["segments"]) == (0, 0)


def test_an_empty_folder_is_the_same_error_as_that_of_featurize(tmp_path):
    with pytest.raises(ConfigError) as planned:
        predict(tmp_path)
    with pytest.raises(ConfigError) as run:
        media_job.run(settings(tmp_path, tmp_path / "out"))
    assert str(planned.value) == str(run.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_files": 0}, "sample must be at least 1; got 0"),
        ({"n_cpus": 0}, "cpus must be at least 1; got 0"),
        ({"price_per_cpu_h": -1.0}, "price_per_cpu_h must be at least 0"),
        ({"price_per_cpu_h": float("nan")}, "price_per_cpu_h must be at least 0"),
    ],
)
def test_numbers_out_of_range_are_refused(given, message, tmp_path):
    write_clip(tmp_path / "a.wav", 0)
    with pytest.raises(ConfigError, match=message):
        predict(tmp_path, **given)


def test_a_huge_file_is_always_drawn_and_small_ones_are_not_forgotten():
    predicted_s = np.array([1.0] * 500 + [50_000.0])
    chance = estimate._chances(predicted_s, 12)
    drawn = estimate._draw(chance)
    assert chance.sum() == pytest.approx(12)
    assert chance[-1] == 1
    assert len(drawn) == 12
    assert drawn[-1] == 500


def test_weights_give_back_the_number_of_files_and_their_size():
    rng = np.random.default_rng(0)
    predicted_s = np.sort(rng.lognormal(1, 1, 300))
    suffixes = [".wav"] * 150 + [".mp4"] * 150
    chance = estimate._chances(predicted_s, 20)
    drawn = estimate._draw(chance)
    weights = estimate._weights(suffixes, predicted_s, chance, drawn)
    assert weights.sum() == pytest.approx(300)
    assert weights @ predicted_s[drawn] == pytest.approx(predicted_s.sum())


def test_a_prediction_is_the_same_table_each_time():
    found = {
        **{"files": 10, "failed": 1.0, "audio_h": 5.0, "segments": 4500.0, "cpu_h": 0.5},
        **{"output_bytes": 2e6, "wall_h": 0.01, "n_cpus": 4, "n_workers": 4},
        **{"worker_bytes": 3e8, "driver_bytes": 2e8, "sampled_files": 3, "sampled_s": 60.0},
        **{"is_complete": False, "price_per_cpu_h": 2.0, "cost": 1.0},
    }
    names = ("failed", "audio_h", "segments", "cpu_h", "output_bytes")
    text = estimate.text({**found, "uncertainty": dict.fromkeys(names, 0.1)})
    for line in (
        "sound      5.0 ± 0.1 h",
        "CPU time   30.0 ± 6.0 min",
        "wall time  36.0 s on 4 CPUs",
    ):
        assert line in text
    assert "cost       1 at 2 for a CPU hour" in text
    assert "predicted from 3 of 10 files, 60 s of sound" in text


def test_of_a_long_mp3_without_a_header_the_frames_are_counted(tmp_path):
    """FFmpeg takes the bit rate of its quiet start for that of all."""
    path = str(write_mp3(tmp_path / "x.mp3", "mp3", 60, "libmp3lame", write_xing="0"))
    begun = sample._begin(path, f"{tmp_path}/x.wav", 5.0, {}, 86_400.0, 1.0)
    assert abs(decode.probe(path).duration_s - 60) > 5
    assert begun["length_s"] == pytest.approx(60, abs=0.2)
    assert 5 <= begun["decoded_s"] < 20
