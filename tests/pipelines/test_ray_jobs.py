"""`ray job submit` of the scripts in `jobs/`, against a real cluster on this machine."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.pipelines.conftest import featurize, table, write_clip

pytestmark = [pytest.mark.ray, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
RAY = str(Path(sys.executable).with_name("ray"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def cluster():
    """A head with a dashboard, in a session of its own; only its process group is ended."""
    port, dashboard = free_port(), free_port()
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_raylet_start_wait_time_s": "120",
        # The job's `python` is the one on the head's PATH.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    # Sockets below it need a short path.
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        head = subprocess.Popen(
            [
                RAY,
                "start",
                "--head",
                "--block",
                "--num-cpus=2",
                f"--port={port}",
                f"--dashboard-port={dashboard}",
                # Any free port: where another Ray on the machine holds the usual one, the agent
                # would live on without the service that takes jobs.
                "--dashboard-agent-listen-port=0",
                f"--temp-dir={folder}",
                "--disable-usage-stats",
            ],
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{dashboard}"
        try:
            deadline = time.monotonic() + 180
            while True:
                assert head.poll() is None, "the cluster did not start"
                listed = subprocess.run(
                    [RAY, "job", "list", "--address", address],
                    env=environment,
                    capture_output=True,
                    text=True,
                )
                if listed.returncode == 0:
                    break
                assert time.monotonic() < deadline, listed.stderr
                time.sleep(2)
            yield address, environment
        finally:
            os.killpg(head.pid, signal.SIGKILL)
            head.wait()


@pytest.fixture
def clips(tmp_path):
    for index in range(8):
        write_clip(tmp_path / "clips" / "ab"[index % 2] / f"{index}.wav", index, 3.0)
    return tmp_path / "clips"


def submit(cluster, *words):
    """The submission's end; tried again while the head's agent, which takes jobs, still starts."""
    deadline = time.monotonic() + 180
    while True:
        run = _submit(cluster, *words)
        if "No available agent" not in run.stderr or time.monotonic() > deadline:
            return run


def _submit(cluster, *words):
    address, environment = cluster
    return subprocess.run(
        [
            RAY,
            "job",
            "submit",
            "--address",
            address,
            "--working-dir",
            ".",
            "--runtime-env-json",
            json.dumps({"excludes": [".git", ".venv", "demo", "tests"]}),
            "--",
            "python",
            *map(str, words),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_a_submitted_featurize_job_writes_the_rows_of_a_laptop(cluster, clips, tmp_path):
    out = tmp_path / "out"
    run = submit(
        cluster,
        "jobs/featurize.py",
        "jobs/featurize.yaml",
        f"path={clips}",
        f"out={out}",
        "corpus=folder",
        "segment_s=1",
        "hop_s=null",
        "features=mfcc,rms",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "recordings 8   segments 24   failed 0" in run.stdout
    assert re.search(r"ray, \d+ workers", run.stdout)
    featurize(clips, tmp_path / "laptop", segment_s=1.0)
    assert table(out) == table(tmp_path / "laptop")


def test_a_submitted_extract_job_writes_sound_files(cluster, clips, tmp_path):
    run = submit(
        cluster,
        "jobs/extract.py",
        "jobs/extract.yaml",
        f"path={clips}",
        f"out={tmp_path}/out",
        "corpus=folder",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list((tmp_path / "out" / "audio").rglob("*.flac"))) == 8


def test_a_wrong_setting_fails_the_job_with_one_line(cluster, tmp_path):
    run = submit(cluster, "jobs/featurize.py", "jobs/featurize.yaml", "n_ftt=512")
    assert run.returncode != 0
    assert "no setting 'n_ftt'; did you mean 'n_fft'?" in run.stdout + run.stderr
