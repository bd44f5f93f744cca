"""`ray job submit` of the scripts in `jobs/`, and `emodist submit`, to a real head with a token."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import make_plugins
from tests.pipelines import nodes
from tests.pipelines.conftest import featurize, table, write_clip

pytestmark = [pytest.mark.ray, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster():
    with nodes.cluster("--num-cpus=2") as head:
        yield head.dashboard, head.environment


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
            nodes.RAY,
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
    # The job's log has a line for each shard, with the id that Ray gave the job.
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"job": ')]
    assert sum(line["files"] for line in lines) == 8
    assert {line["job"] for line in lines} <= set(re.findall(r"raysubmit_\w+", run.stdout))


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


def emodist_submit(cluster, *words, cwd=ROOT, **more):
    """The words after `--` of a client that knows nothing of the repository."""
    address, environment = cluster
    return subprocess.run(
        [sys.executable, "-m", "emodist", "submit", *map(str, words), "--address", address],
        cwd=cwd,
        env={**environment, **more},
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_emodist_submit_packs_little_follows_the_log_and_gives_the_rows_of_a_laptop(
    cluster, clips, own, tmp_path
):
    (tmp_path / "mine.yaml").write_text(f"path: {clips}\ncorpus: folder\nengine: ray\n")
    make_plugins.feature(own)
    features = ("mfcc", "rms", "ones")
    words = ("segment_s=1", f"features={','.join(features)}")
    # From anywhere, without the repository's `jobs/`, as from an installed wheel.
    run = emodist_submit(
        cluster,
        *("featurize", "mine.yaml", f"out={tmp_path}/out", *words, f"plugins={own}"),
        cwd=tmp_path,
        PYTHONPATH=str(ROOT),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "recordings 8   segments 24   failed 0" in run.stdout
    assert '{"job": ' not in run.stdout
    (size,) = re.findall(r"package: ([\d.]+) MiB", run.stderr)
    assert float(size) < 3
    featurize(clips, tmp_path / "laptop", segment_s=1.0, features=features, plugins=(str(own),))
    assert table(tmp_path / "out") == table(tmp_path / "laptop")


def test_the_exit_code_is_the_jobs_own_and_an_id_is_taken_once(cluster):
    words = ("featurize", "jobs/featurize.yaml", "n_ftt=512", "--id", "once")
    run = emodist_submit(cluster, *words)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "no setting 'n_ftt'; did you mean 'n_fft'?" in run.stdout
    again = emodist_submit(cluster, *words)
    assert again.returncode == 2
    assert again.stderr == (
        "emodist submit: job once was submitted before (failed); choose another --id, or none\n"
    )


def test_a_job_that_is_killed_gives_the_code_of_its_signal(cluster, clips, tmp_path):
    words = ("featurize", f"path={clips}", f"out={tmp_path}/out", "engine=ray", "--id", "killed")
    address, environment = cluster
    run = subprocess.Popen(
        [sys.executable, "-m", "emodist", "submit", *words, "--address", address],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180
    while not (tmp_path / "out" / "run.json").exists():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    command = f"python\0-m\0emodist\0featurize\0path={clips}\0".encode()
    drivers = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if command in read_bytes(process / "cmdline")
    ]
    assert drivers
    for driver in drivers:
        os.kill(driver, signal.SIGKILL)
    output = run.communicate(timeout=120)
    assert run.returncode == 128 + signal.SIGKILL, output


def read_bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ((), {"RAY_AUTH_TOKEN": "expired-expired-expired-expired"}, "does not take this token"),
        ((), {"RAY_AUTH_MODE": "disabled"}, "wants a token; put the cluster's into RAY_AUTH_TOKEN"),
        (("yamnet_gpus=0.5",), {}, "yamnet_gpus=0.5, but the cluster at http"),
    ],
    ids=["expired token", "no token", "no GPU"],
)
def test_what_the_cluster_cannot_do_is_said_in_one_line(cluster, words, more, message):
    run = emodist_submit(cluster, "featurize", "jobs/featurize.yaml", *words, **more)
    assert run.returncode == 2
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr


SCRAPE = """
import sys, time, urllib.request
import ray
ray.init()
from emodist.pipelines import media_job
from emodist.media.settings import FeaturizeSettings
media_job.run(FeaturizeSettings(path=sys.argv[1], out=sys.argv[2], engine="ray",
    features=("rms",), segment_s=1.0, price_per_cpu_h=3600.0))
(node,) = ray.nodes()
page = "http://{NodeManagerAddress}:{MetricsExportPort}/metrics".format(**node)
for _ in range(60):
    text = urllib.request.urlopen(page).read().decode()
    lines = [line for line in text.splitlines() if line.startswith("ray_emodist_")]
    if lines:
        break
    time.sleep(1)
print("\\n".join(lines))
"""


def test_counts_of_a_job_reach_prometheus(cluster, clips, tmp_path):
    run = submit(cluster, "-c", SCRAPE, clips, tmp_path / "out")
    assert run.returncode == 0, run.stdout + run.stderr
    (job,) = {json.loads(x)["job"] for x in run.stdout.splitlines() if x.startswith('{"job": ')}
    for name, value in (("files_done", 8), ("files_left", 0), ("audio_seconds", 24)):
        assert re.search(rf'ray_emodist_{name}{{.*job="{job}".*}} {value}\.0', run.stdout), name
    (cost,) = re.findall(rf'ray_emodist_cost{{.*job="{job}".*}} ([\d.]+)', run.stdout)
    (record,) = json.loads((tmp_path / "out" / "run.json").read_text())["runs"]
    # A coin for each CPU second.
    assert float(cost) == pytest.approx(record["cost"], rel=1e-3)
