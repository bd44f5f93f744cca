"""Media and tables in a bucket, against a real S3 interface on this machine."""

import json
import os
import signal

import pytest

from emodist import cli, storage
from emodist.errors import ConfigError
from emodist.media import listing
from emodist.media.settings import ExtractSettings
from emodist.pipelines import media_job
from tests.held import Held
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clips(bucket, tmp_path_factory):
    """Thirty clips on the disk, and the same in the bucket."""
    folder = tmp_path_factory.mktemp("clips")
    for index in range(30):
        write_clip(folder / "ab"[index % 2] / f"{index}.wav", index, 4.0)
    fs, root = storage.filesystem(f"{bucket}/clips")
    fs.put(f"{folder}/", f"{root}/", recursive=True)
    return folder


def comparable(out):
    """Rows in the order of their files, without what differs between a disk and a bucket."""
    rows = table(out)
    names = [uri.rsplit("/", 1)[-1] for uri in rows["uri"].to_pylist()]
    rows = rows.drop_columns(["recording_id", "uri"]).append_column("name", [names])
    return rows.sort_by([("name", "ascending"), ("segment", "ascending")]).combine_chunks()


def test_a_bucket_gives_the_rows_of_a_disk(bucket, clips, tmp_path):
    summary = featurize(f"{bucket}/clips", f"{bucket}/features", segment_s=1.0)
    assert (summary["recordings"], summary["failed"]) == (30, 0)
    featurize(clips, tmp_path / "out", segment_s=1.0)
    assert comparable(f"{bucket}/features") == comparable(tmp_path / "out")
    assert storage.names(f"{bucket}/features") == {
        "failures",
        "features",
        "plan",
        "recordings",
        "run.json",
        "runs",
    }
    assert featurize(f"{bucket}/clips", f"{bucket}/features", segment_s=1.0)["new"] == 0


def test_a_driver_killed_on_a_bucket_is_resumed_exactly(bucket, clips, tmp_path):
    out = f"{bucket}/killed"
    words = (
        "featurize",
        f"{bucket}/clips",
        "--out",
        out,
        "--corpus",
        "folder",
        "--engine",
        "local",
        "--workers",
        "2",
        "segment_s=1",
        "features=mfcc,f0,log_mel",
    )
    driver = Held(tmp_path / "held", "*/staging/*/*/recordings.arrow", 1, *words).wait()
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    again = start(*words)
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    featurize(
        f"{bucket}/clips", f"{bucket}/whole", segment_s=1.0, features=("mfcc", "f0", "log_mel")
    )
    assert table(out) == table(f"{bucket}/whole")


def test_extract_writes_sound_into_the_bucket(bucket, clips):
    summary = media_job.run(
        ExtractSettings(path=f"{bucket}/clips", out=f"{bucket}/sound", engine="local")
    )
    assert summary["failed"] == 0
    assert len(storage.names(f"{bucket}/sound/audio/a")) == 15


def test_a_bundle_in_the_bucket_predicts_media_in_the_bucket(bucket, clips, tmp_path, capsys):
    rows = [f"{path},s{index % 4},{path.parent.name}" for index, path in enumerate(_files(clips))]
    (tmp_path / "list.csv").write_text("uri,speaker,label\n" + "\n".join(rows) + "\n")
    featurize(tmp_path / "list.csv", tmp_path / "table", corpus="media")
    words = [f"{tmp_path}/table", "--model", "logistic_regression", "--folds", "loso"]
    assert cli.main(["train", *words, "--out", f"{bucket}/bundle", "speaker_norm=true"]) == 0
    out = f"{bucket}/predicted"
    words = [f"{bucket}/bundle", f"{bucket}/clips", "--out", out, "segment_s=1", "hop_s=0.5"]
    words += ["--engine", "local", "--json", "timelines=json,vtt"]
    capsys.readouterr()
    assert cli.main(["predict", *words]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["predicted"] == summary["segments"] == table(out, "predictions").num_rows > 200
    assert len(storage.names(f"{out}/timelines/a")) == 30
    assert cli.main(["predict", *words]) == 0
    assert json.loads(capsys.readouterr().out)["predicted"] == 0
    assert cli.main(["trace", "a/0.wav", "--table", out, "--verify", "--json"]) == 0
    chain = json.loads(capsys.readouterr().out)
    assert chain["file"]["sound"] == "same"
    assert chain["bundle"]["is_the_one_that_predicted"]
    # The same sound lies on the disk, where the bundle learned from it.
    assert chain["bundle"]["learned_from_this_recording"]


def _files(folder):
    return sorted(folder.rglob("*.wav"))


def test_a_bucket_of_several_pages_is_listed_in_order_and_its_siblings_are_not(bucket):
    fs, root = storage.filesystem(f"{bucket}/pages")
    names = [f"{i % 3}/{i:04d}.wav" for i in range(1005)]
    fs.pipe({f"{root}/{name}": b"x" for name in names} | {f"{root}2/other.wav": b"x"})
    found = list(listing.media_files(f"{bucket}/pages"))
    assert [file.path for file in found] == sorted(names)
    assert found[-1].uri == f"{bucket}/pages/{found[-1].path}"
    assert {file.size_bytes for file in found} == {1}
    assert len({file.recording_id for file in found}) == 1005


def test_of_two_creators_in_a_bucket_one_wins(bucket):
    assert storage.create(f"{bucket}/once", b"first")
    assert not storage.create(f"{bucket}/once", b"second")
    assert storage.read(f"{bucket}/once") == b"first"


def test_a_list_may_name_objects(bucket, clips, tmp_path):
    (tmp_path / "list.csv").write_text(
        f"uri,speaker,label\n{bucket}/clips/a/0.wav,Ann,happy\n{bucket}/clips/none.wav,Bob,sad\n"
    )
    summary = featurize(tmp_path / "list.csv", tmp_path / "out", corpus="media")
    assert (summary["recordings"], summary["failed"]) == (1, 1)
    assert table(tmp_path / "out")["speaker"].to_pylist() == ["Ann"]
    assert "no such object" in table(tmp_path / "out", "failures")["message"][0].as_py()


def test_a_bucket_that_is_not_there_is_refused(bucket, tmp_path):
    with pytest.raises(ConfigError, match="s3://nowhere/clips: no such file or folder"):
        featurize("s3://nowhere/clips", tmp_path / "out")
