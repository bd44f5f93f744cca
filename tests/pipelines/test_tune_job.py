"""`ray job submit` of jobs/tune.py, against a real cluster on this machine."""

import json

import pytest

from tests.pipelines.test_ray_jobs import cluster, submit  # noqa: F401
from tests.pipelines.test_tune import SEARCHES, WORDS, table  # noqa: F401

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_a_submitted_sweep_finishes_on_the_cluster(cluster, table, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    words = [f"table={table}", f"out={out}", "trials=2", *WORDS]
    run = submit(cluster, "jobs/tune.py", "jobs/tune.yaml", *words)
    assert run.returncode == 0, run.stdout + run.stderr
    record = json.loads((out / "sweep.json").read_text())
    assert record["trials"] == {"done": 2 * SEARCHES, "pruned": 0, "failed": 0}
    assert record["runs"][0]["engine"] == "ray"
    assert "nested score (unbiased)" in run.stdout
