"""What a run makes, on the local engine and without faults."""

import json
import math

import duckdb
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import soundfile

from emodist.errors import ConfigError, EmodistError, OutputError
from emodist.media.settings import ExtractSettings
from emodist.pipelines import media_job
from emodist.tables import schema
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = pytest.mark.slow


def test_a_folder_becomes_three_tables_and_a_record_of_the_run(clips, tmp_path):
    out = tmp_path / "out"
    summary = featurize(clips, out)
    assert (summary["recordings"], summary["segments"], summary["failed"]) == (12, 12, 0)
    assert sorted(path.name for path in out.iterdir()) == [
        "failures",
        "features",
        "plan",
        "recordings",
        "run.json",
        "runs",
    ]
    assert len(list((out / "features").iterdir())) == 1
    rows = table(out)
    assert rows.schema.names == [*schema.SEGMENTS.names, "mfcc", "rms"]
    assert set(rows["label"].to_pylist()) == {"happy", "sad"}
    recordings = table(out, "recordings")
    assert recordings["recording_id"] == rows["recording_id"]
    assert recordings["audio_sha"] == rows["audio_sha"]
    assert sum(recordings["duration_s"].to_pylist()) == pytest.approx(12 * 0.5 + 6.6, abs=0.01)
    record = json.loads((out / "run.json").read_text())
    assert record["settings"]["features"] == ["mfcc", "rms"]
    assert record["runs"][0]["recordings"] == 12
    assert record["versions"]["numpy"] == np.__version__


def test_the_tables_are_read_without_this_package(clips, tmp_path):
    featurize(clips, tmp_path / "out", features=("mfcc", "log_mel"))
    folder = f"{tmp_path}/out/features"
    frame = pd.read_parquet(folder)
    assert frame["mfcc"][0].shape == (20 * 3 * 4,)
    image = np.stack(frame["log_mel"])
    assert image.shape == (12, 128 * 128)
    query = f"select label, count(*), min(len(mfcc)), min(len(log_mel)) from '{folder}/*.parquet'"
    assert sorted(duckdb.sql(query + " group by label").fetchall()) == [
        ("happy", 6, 240, 16384),
        ("sad", 6, 240, 16384),
    ]
    field = pq.read_schema(next((tmp_path / "out" / "features").iterdir())).field("mfcc")
    assert schema.labels(field)[:2] == ["mfcc_1_mean", "mfcc_1_std"]


def test_running_again_does_nothing_and_new_files_are_added(clips, tmp_path):
    out = tmp_path / "out"
    featurize(clips, out)
    before = table(out)
    assert featurize(clips, out)["new"] == 0
    write_clip(clips / "sad" / "new.wav", 99)
    summary = featurize(clips, out)
    assert (summary["new"], summary["recordings"]) == (1, 13)
    after = table(out)
    assert after.filter(pc.is_in(after["recording_id"], before["recording_id"])) == before


def test_of_two_runs_at_once_both_are_noted_with_the_counts_of_the_folder(clips, tmp_path):
    words = ("featurize", clips, "--out", tmp_path / "out", "corpus=folder", "features=mfcc,rms")
    runs = [start(*words, "engine=local", "workers=2") for _ in range(2)]
    for run in runs:
        _, told = run.communicate()
        assert run.returncode == 0, told
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert len(record["runs"]) == 2
    assert record["counts"]["recordings"] == 12 == len(table(tmp_path / "out", "recordings"))
    assert record["counts"]["segments"] == len(table(tmp_path / "out"))


def test_the_rows_of_a_changed_file_are_replaced(clips, tmp_path):
    featurize(clips, tmp_path / "out")
    write_clip(clips / "sad" / "s1_1.wav", 99, 2.0)
    summary = featurize(clips, tmp_path / "out")
    assert (summary["new"], summary["changed"], summary["segments"]) == (1, 1, 12)
    featurize(clips, tmp_path / "fresh")
    assert table(tmp_path / "out") == table(tmp_path / "fresh")


def test_files_with_the_same_sound_are_counted(clips, tmp_path):
    (clips / "sad" / "copy.wav").write_bytes((clips / "sad" / "s1_1.wav").read_bytes())
    assert featurize(clips, tmp_path / "out")["same_sound"] == 1


def test_a_folder_of_other_settings_is_refused_and_stays_as_it_is(clips, tmp_path):
    out = tmp_path / "out"
    featurize(clips, out)
    before = table(out)
    with pytest.raises(OutputError, match=r"made with trim_db=30.0, now it is None"):
        featurize(clips, out, trim_db=None)
    assert table(out) == before
    featurize(clips, out, workers=1)


def test_a_folder_in_which_nothing_was_planned_yet_takes_other_settings(clips, tmp_path):
    wrong = {"yamnet": {"model": str(tmp_path / "nothing")}}
    with pytest.raises(EmodistError, match="nothing does not exist"):
        featurize(clips, tmp_path / "out", features=("yamnet",), feature_settings=wrong)
    assert featurize(clips, tmp_path / "out")["recordings"] == 12


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "clips").mkdir()
    with pytest.raises(ConfigError, match="no media files"):
        featurize(tmp_path / "clips", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_windows_of_long_recordings_cover_them(tmp_path):
    write_clip(tmp_path / "vlogs" / "channel" / "x.wav", 1, duration_s=21.0)
    featurize(tmp_path / "vlogs", tmp_path / "out", corpus="media", segment_s=4.0, hop_s=2.0)
    rows = table(tmp_path / "out")
    assert rows["start_s"].to_pylist() == [float(2 * i) for i in range(10)]
    assert rows["end_s"].to_pylist()[-2:] == [20.0, pytest.approx(21.0, abs=1e-3)]
    assert rows["segment"].to_pylist() == list(range(10))
    assert set(rows["speaker"].to_pylist()) == {"channel"}


def test_one_worker_and_three_workers_make_the_same_rows(clips, tmp_path):
    featurize(clips, tmp_path / "one", workers=1)
    featurize(clips, tmp_path / "three", workers=3)
    assert table(tmp_path / "one") == table(tmp_path / "three")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_extract_writes_sound_files_in_the_folders_of_the_media(clips, tmp_path, suffix):
    write_clip(clips / "sad" / "s1_1.flac", 5)
    out = tmp_path / "out"
    request = ExtractSettings(path=str(clips), out=str(out), format=suffix, engine="local")
    summary = media_job.run(request)
    assert (summary["recordings"], summary["failed"]) == (13, 0)
    written = list((out / "audio").rglob(f"*.{suffix}"))
    assert len(written) == 13
    # Two files of one name: both are kept.
    assert sum(path.name.startswith("s1_1.") for path in written) == 2
    info = soundfile.info(out / "audio" / "happy" / f"s2_2.{suffix}")
    assert (info.samplerate, info.channels) == (16_000, 1)
    assert info.duration == pytest.approx(0.7, abs=0.001)
    assert not (out / "features").exists()


def test_output_below_the_input_is_not_input(clips):
    request = ExtractSettings(path=str(clips), out=str(clips), engine="local")
    assert media_job.run(request)["recordings"] == 12
    assert media_job.run(request)["recordings"] == 12


def test_extracted_sound_gives_the_features_of_the_media(clips, tmp_path):
    media_job.run(ExtractSettings(path=str(clips), out=str(tmp_path / "sound"), engine="local"))
    featurize(clips, tmp_path / "direct", trim_db=None)
    featurize(tmp_path / "sound" / "audio", tmp_path / "via", trim_db=None)

    def mfcc(out):
        rows = export_by_uri(table(out))
        return np.array([rows[uri] for uri in sorted(rows)])

    np.testing.assert_allclose(mfcc(tmp_path / "direct"), mfcc(tmp_path / "via"), atol=0.5)


def export_by_uri(rows):
    names = (uri.rsplit("/", 1)[-1] for uri in rows["uri"].to_pylist())
    return dict(zip(names, rows["mfcc"].to_pylist(), strict=True))


def test_no_number_is_ever_nan_on_silence_or_a_blip(tmp_path):
    for name, samples in {"silence": np.zeros(16_000), "blip": np.eye(1, 1700)[0]}.items():
        (tmp_path / "x").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "x" / f"{name}.wav", samples, 16_000)
    featurize(tmp_path / "x", tmp_path / "out", corpus="media", features=("mfcc", "f0", "log_mel"))
    rows = table(tmp_path / "out")
    assert rows.num_rows == 2
    for name in ("mfcc", "f0", "log_mel"):
        assert all(math.isfinite(number) for cell in rows[name].to_pylist() for number in cell)
