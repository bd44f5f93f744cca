"""Output folders of earlier releases: this one reads them and goes on with them."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import emodist
from emodist import config
from emodist.errors import OutputError
from emodist.media import plan, plan_log
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import media_job

pytestmark = pytest.mark.slow


def table(out: str, name: str) -> pa.Table:
    rows = pa.concat_tables([pq.read_table(file) for file in sorted(Path(out, name).iterdir())])
    return rows.sort_by("recording_id")


def add_a_clip(folder: str, speaker: str) -> None:
    source = sorted(Path("clips/sad").iterdir())[0]
    Path(folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(source, Path(folder, f"{speaker}_new.flac"))


def test_an_interrupted_table_becomes_what_an_undisturbed_run_wrote(left):
    staged = {file.name for file in Path("interrupted/staging").glob("*/*")}
    assert staged
    found = left.again("interrupted")
    assert (found["recordings"], found["failed"]) == (18, 1)
    # What was staged by then is not done again.
    assert 0 < found["new"] < 18
    assert not Path("interrupted/staging").exists()
    for name in ("features", "recordings"):
        ours, theirs = table("interrupted", name), table("features", name)
        for column in theirs.column_names:
            assert ours[column].type == theirs[column].type
            if column in ("mfcc", "rms", "log_mel"):
                ours_x, theirs_x = (
                    np.array([np.ravel(row) for row in rows[column].to_pylist()])
                    for rows in (ours, theirs)
                )
                np.testing.assert_allclose(ours_x, theirs_x, rtol=1e-4, atol=1e-3)
            else:
                assert ours[column].to_pylist() == theirs[column].to_pylist()


def test_nothing_of_a_finished_table_is_done_again_and_new_files_are_added(left):
    assert left.again("features")["new"] == 0
    add_a_clip("clips/sad", "s08")
    found = left.again("features")
    assert (found["new"], found["recordings"], found["changed"]) == (1, 19, 0)
    assert len(json.loads(Path("features/run.json").read_text())["runs"]) == 3


def test_failures_are_tried_again(left):
    found = left.again("features", "--retry-failed")
    assert (found["new_failed"], found["failed"]) == (1, 1)
    assert table("features", "failures")["attempts"].to_pylist() == [2]


def test_shards_keep_the_names_that_the_release_gave_them(left):
    words = left.commands["features"].split("--out")[0].split()
    settings = config.load(FeaturizeSettings, None, words[2:], path=words[1], out="elsewhere")
    sizing = plan.Sizing(bytes_per_s=1.0, bytes_per_file=1.0, n_workers=1)
    (planned,) = plan_log.row_groups("features")
    recordings = planned.drop_columns("group").to_batches()[0]
    names = plan.cut(recordings, settings.fingerprint(), sizing)["shard"].to_pylist()
    assert names == plan_log.PlanLog("features").work()["shard"].to_pylist()


def test_a_setting_that_came_later_changes_nothing_until_it_is_used(left):
    @dataclasses.dataclass(frozen=True)
    class Later(FeaturizeSettings):
        taper: str = config.setting("hann", "of the frames", since="9.8.7")

    # The name of a job is that of its settings.
    Later.__name__ = "FeaturizeSettings"
    given = left.commands["features"].split("--out")[0].split()[2:]
    asked = {"path": "/proc/self/cwd/clips", "out": "/proc/self/cwd/features"}
    later = config.load(Later, None, given, **asked)
    assert later.fingerprint() == config.load(FeaturizeSettings, None, given, **asked).fingerprint()
    assert media_job.run(later)["new"] == 0
    with pytest.raises(OutputError, match=r"made with taper at its default, now it is hamming;"):
        media_job.run(config.load(Later, None, [*given, "taper=hamming"], **asked))


@pytest.mark.parametrize(
    ("folder", "record", "commands"),
    [
        ("features", "run.json", ("{features}", "export features --out flat.csv", "{evaluation}")),
        ("extracted", "run.json", ("{extracted}",)),
        ("predictions", "predict.json", ("{predictions}", "trace vlog.flac --predictions {out}")),
        ("sweep", "sweep.json", ("{sweep}", "report features --out page --sweep {out}")),
        ("clusters", "clusters.json", ("report features --out page --clusters {out}",)),
        ("evaluation", "evaluation.json", ("report features --out page --evaluation {out}",)),
        ("bundle", "bundle.json", ("{predictions}",)),
    ],
)  # fmt: skip
def test_a_folder_from_the_future_is_refused_in_one_line_with_both_versions(
    left, folder, record, commands
):
    there = {**json.loads(Path(folder, record).read_text()), "format": 99, "emodist": "9.8.7"}
    Path(folder, record).write_text(json.dumps(there))
    for command in commands:
        code, said, errors = left.run(command.format(out=folder, **left.commands))
        (line,) = [line for line in errors.splitlines() if "99" in line]
        assert (code, said) == (2, "")
        assert f"{record} is of format 99, written by emodist 9.8.7; this is emodist" in line
        assert emodist.__version__ in line


def test_extracted_sounds_are_not_made_again(left):
    before = {file: file.stat().st_mtime_ns for file in Path("extracted/audio").iterdir()}
    assert left.again("extracted")["new"] == 0
    assert {file: file.stat().st_mtime_ns for file in Path("extracted/audio").iterdir()} == before


def test_a_table_is_judged_as_the_release_judged_it(left):
    then = json.loads(Path("evaluation/evaluation.json").read_text())
    now = left.again("evaluation")
    assert now["uar"] == pytest.approx(then["uar"])
    assert now["confusion"] == then["confusion"]


def test_a_table_is_clustered_as_the_release_clustered_it(left):
    then = pq.read_table("clusters/clusters.parquet")
    assert left.again("clusters")["k"] == 2
    now = pq.read_table("clusters/clusters.parquet")
    assert now["cluster"].to_pylist() == then["cluster"].to_pylist()


def test_a_table_is_exported(left):
    assert left.run("export features --out flat.csv")[0] == 0
    head, *lines = Path("flat.csv").read_text().splitlines()
    assert "mfcc_1_mean" in head
    assert len(lines) == 18


def test_a_finished_sweep_stays_and_goes_on_to_more_trials(left):
    then = json.loads(Path("sweep/sweep.json").read_text())
    assert len(left.again("sweep")["runs"]) == 1
    now = left.again("sweep", "trials=4")
    assert now["trials"]["done"] == 16
    assert now["fingerprint"] == then["fingerprint"]


def test_an_interrupted_sweep_becomes_the_undisturbed_one(left):
    n_before = len(os.listdir("interrupted_sweep/trials"))
    now = left.again("interrupted_sweep")
    then = json.loads(Path("sweep/sweep.json").read_text())
    assert now["runs"][-1]["trials"] == 12 - n_before
    assert now["found"]["best"]["values"] == then["found"]["best"]["values"]
    assert now["found"]["nested_score_unbiased"] == pytest.approx(
        then["found"]["nested_score_unbiased"]
    )


@pytest.mark.slow
def test_everything_stands_on_one_page(left):
    command = "report features --out page --clusters clusters --evaluation evaluation"
    assert left.run(f"{command} --sweep sweep")[0] == 0
    assert "logistic_regression" in next(Path("page").glob("*.html")).read_text()


@pytest.mark.tf
def test_an_interrupted_training_goes_on_from_its_epoch(left):
    n_before = len(Path("interrupted_network/history.csv").read_text().splitlines()) - 1
    about = left.again("interrupted_network")
    assert (n_before, about["n_epochs"]) == (1, 60)
    record = json.loads(Path("interrupted_network/run.json").read_text())
    assert len(record["runs"]) == 2
