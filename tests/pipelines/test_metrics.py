"""Counts of a job as a dashboard gets them; test_ray_jobs.py scrapes them from a real head."""

import json
import logging

import pytest

from emodist.pipelines.metrics import JobMetrics
from emodist.shards import ShardResult


@pytest.fixture
def clock():
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


def test_counts_rate_time_left_and_cost_follow_from_what_came_back(clock):
    metrics = JobMetrics("night", n_files=40, n_cpus=8, price_per_cpu_h=0.05, clock=clock)
    assert metrics.values["files_left"] == 40
    clock.now += 1800
    metrics.shard_done(ShardResult("a", n_recordings=9, n_failed=1, audio_s=7200.0, cpu_s=30.0), 10)
    values = metrics.values
    assert (values["files_done"], values["files_left"], values["files_failed"]) == (10, 30, 1)
    assert values["times_real_time"] == pytest.approx(4.0)
    # A quarter took half an hour, so three more are left; eight CPUs for half an hour at 0.05.
    assert values["seconds_left"] == pytest.approx(5400)
    assert values["cost"] == pytest.approx(8 * 0.5 * 0.05)


def test_a_shard_is_one_json_line_with_its_job(clock, caplog):
    caplog.set_level(logging.INFO, logger="emodist")
    metrics = JobMetrics("night", n_files=1, n_cpus=1, clock=clock)
    metrics.shard_done(ShardResult("f00d", n_recordings=1, audio_s=2.0), 1)
    (record,) = (record for record in caplog.records if record.name == "emodist")
    said = json.loads(record.getMessage())
    assert (said["job"], said["shard"], said["files"], said["audio_s"]) == ("night", "f00d", 1, 2.0)
