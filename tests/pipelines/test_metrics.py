"""Counts of a job as it goes; test_ray_jobs.py scrapes them from a real head and reads its log."""

import json
import logging

import pytest

from emodist.media.shards import ShardResult
from emodist.pipelines import metrics
from emodist.pipelines.metrics import Progress, Size
from tests.pipelines.conftest import featurize


@pytest.fixture
def clock():
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


def test_counts_rate_time_left_and_cost_follow_from_what_came_back(clock):
    sizes = {"a": Size(10, 7000.0), "b": Size(30, 21_000.0)}
    progress = Progress(sizes, lambda: 8, price_per_cpu_h=0.05, clock=clock)
    assert progress.values["files_left"] == 40
    clock.now += 1800
    progress.shard_done(ShardResult("a", n_recordings=9, n_failed=1, audio_s=7200.0, cpu_s=30.0))
    values = progress.values
    assert (values["files_done"], values["files_left"], values["files_failed"]) == (10, 30, 1)
    assert values["times_real_time"] == pytest.approx(4.0)
    # A quarter took half an hour, so three more are left; eight CPUs for half an hour at 0.05.
    assert values["seconds_left"] == pytest.approx(5400)
    assert values["cost"] == pytest.approx(8 * 0.5 * 0.05)
    assert str(progress) == "failed 1, 4x real time on 8 CPUs, cost 0.2, 1:30:00 left"


def test_the_time_left_is_that_of_the_sound_and_not_of_the_files(clock):
    progress = Progress({"clips": Size(99, 100.0), "film": Size(1, 900.0)}, lambda: 1, clock=clock)
    clock.now += 10
    progress.shard_done(ShardResult("clips", n_recordings=99, audio_s=100.0))
    assert progress.values["seconds_left"] == pytest.approx(90)
    assert "cost" not in str(progress)
    assert progress.spent() == {"occupied_cpu_h": pytest.approx(10 / 3600, abs=1e-6)}


def test_shards_of_an_earlier_run_do_not_make_the_rest_look_quick(clock):
    sizes = {name: Size(1, 100.0) for name in "abcd"}
    progress = Progress(sizes, lambda: 1, clock=clock)
    clock.now += 10
    for name in "ab":
        progress.shard_done(ShardResult(name))
    assert "left" not in str(progress)
    clock.now += 10
    progress.shard_done(ShardResult("c", n_recordings=1, audio_s=100.0))
    assert progress.values["seconds_left"] == pytest.approx(20)


def test_a_cluster_that_grows_costs_what_it_had_at_each_time(clock):
    there = [0]
    progress = Progress({"a": Size(1, 1.0)}, lambda: there[-1], price_per_cpu_h=1.0, clock=clock)
    for n_cpus in (0, 2, 4):
        there.append(n_cpus)
        clock.now += 3600
        progress.look()
    assert progress.spent() == {"occupied_cpu_h": 6.0, "price_per_cpu_h": 1.0, "cost": 6.0}
    assert progress.most_cpus == 4


def test_a_shard_is_one_json_line_with_its_job():
    result = ShardResult("f00d", n_recordings=1, n_failed=2, audio_s=2.0, cpu_s=0.5)
    line = metrics.line("night", result, 3)
    assert line.startswith(metrics.LINE_START)
    assert json.loads(line) == {
        **{"job": "night", "shard": "f00d", "files": 3, "failed": 2},
        **{"audio_s": 2.0, "cpu_s": 0.5},
    }


@pytest.mark.slow
def test_lines_go_to_a_submitted_jobs_log_and_not_to_a_laptops_terminal(
    clips, tmp_path, capsys, caplog, monkeypatch
):
    caplog.set_level(logging.INFO, logger="emodist")
    featurize(clips, tmp_path / "laptop", price_per_cpu_h=3.0)
    assert metrics.LINE_START not in capsys.readouterr().err
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert sum(line["files"] for line in lines) == 12
    assert {line["job"] for line in lines} == {str(tmp_path / "laptop")}

    told = {"metadata": {"job_submission_id": "night"}}
    monkeypatch.setenv(metrics.JOB_VARIABLE, json.dumps(told))
    featurize(clips, tmp_path / "job")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert sum(line["files"] for line in lines) == 12
    assert {line["job"] for line in lines} == {"night"}

    record = json.loads((tmp_path / "laptop" / "run.json").read_text())["runs"][0]
    assert record["cost"] == pytest.approx(3 * record["occupied_cpu_h"], abs=1e-5)
    assert record["times_real_time"] > 1
    assert record["new_failed"] == 0
    assert "cost" not in json.loads((tmp_path / "job" / "run.json").read_text())["runs"][0]
