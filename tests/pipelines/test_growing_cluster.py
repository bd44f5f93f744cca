"""A cluster that starts from nothing and grows, and one that does not let a driver in."""

import contextlib
import json
import platform
import re
import subprocess
import sys

import pytest
import ray

from tests.pipelines import nodes
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = [pytest.mark.long, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]
STORE = 80_000_000


@pytest.fixture(scope="module")
def cluster():
    cpu = {"resources": {"CPU": 1, "object_store_memory": STORE}, "max_workers": 2}
    gpu = {"resources": {"CPU": 1, "GPU": 1, "object_store_memory": STORE}, "max_workers": 2}
    with nodes.growing_cluster(cpu=cpu, gpu=gpu) as cluster:
        cluster.environment["RAY_ADDRESS"] = cluster.address
        # Ray Data asks for more machines every 10 s at most; this work is over before.
        cluster.environment["RAY_DATA_MIN_GAP_BETWEEN_AUTOSCALING_REQUESTS"] = "2"
        yield cluster


def test_a_cluster_without_a_cpu_grows_for_the_work(cluster, tmp_path):
    for index in range(60):
        write_clip(tmp_path / "clips" / "ab"[index % 2] / f"{index}.wav", index, 12.0)
    # The slowest feature, so that a second worker mostly has something left to do.
    words = ("featurize", tmp_path / "clips", "--corpus", "folder", "features=tonnetz")
    words = (*words, "--out", tmp_path / "out", "--json", "price_per_cpu_h=2")
    run = start(*words, env=cluster.environment)
    stdout, stderr = run.communicate(timeout=400)
    assert run.returncode == 0, stderr
    assert "the cluster has 0 CPUs now and may grow; workers=N asks for N at once" in stderr
    # All of stdout is the summary: Ray's own news of the cluster do not stand there.
    summary = json.loads(stdout)
    assert (summary["engine"], summary["recordings"], summary["failed"]) == ("ray", 60, 0)
    # A second machine, if the first one has not done all before it is up.
    assert summary["workers"] in (1, 2), stderr
    assert summary["cost"] == pytest.approx(2 * summary["occupied_cpu_h"], rel=1e-3)
    featurize(tmp_path / "clips", tmp_path / "laptop", features=("tonnetz",))
    assert table(tmp_path / "out") == table(tmp_path / "laptop")


def test_a_gpu_is_waited_for_where_one_may_be_started(cluster, tiny_folder, tmp_path):
    for index in range(4):
        write_clip(tmp_path / "clips" / "ab"[index % 2] / f"{index}.wav", index, 2.0)
    words = ("featurize", tmp_path / "clips", "--corpus", "folder", "features=yamnet", "--json")
    words = (*words, f"yamnet.model={tiny_folder}", "yamnet_gpus=1", "--out", tmp_path / "out")
    run = start(*words, env=cluster.environment)
    stdout, stderr = run.communicate(timeout=400)
    assert run.returncode == 0, stderr
    assert json.loads(stdout)["segments"] == 4
    assert "no GPU in the cluster yet; waiting until it starts one" in stderr


ASK = """
from emodist.network_training.settings import NetworkSettings
from emodist.pipelines import ray_engine, ray_private, train_workers
settings = NetworkSettings(workers=2, use_gpu=True)
ray_engine.connect_to("auto")
assert ray_private.may_grow()
train_workers.wait_for_room(settings)
print(train_workers.room(settings, train_workers.nodes()))
"""


def test_workers_of_a_network_are_waited_for_where_they_may_be_started(cluster):
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "2"
    assert re.search("the cluster has room for [01] of 2 workers; waiting for more", done.stderr)


TELL = """
import json, sys
from ray._raylet import GcsClient
client = GcsClient(address=sys.argv[1])
true = client.internal_kv_get(b"CLUSTER_METADATA", b"cluster")
told = {**json.loads(true), **json.loads(sys.argv[2])}
client.internal_kv_put(b"CLUSTER_METADATA", json.dumps(told).encode(), True, b"cluster")
print(true.decode())
"""


@contextlib.contextmanager
def said_to_run(cluster, **versions):
    """The cluster's own record says that it was started with other versions."""

    def tell(**said):
        words = [sys.executable, "-c", TELL, cluster.address, json.dumps(said)]
        done = subprocess.run(words, env=cluster.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    true = tell(**versions)
    try:
        yield
    finally:
        tell(**true)


def refused(cluster, tmp_path, **environment):
    write_clip(tmp_path / "clips" / "a" / "0.wav", 0, 1.0)
    words = ("featurize", tmp_path / "clips", "--out", tmp_path / "out", "--engine", "ray")
    run = start(*words, env={**cluster.environment, **environment})
    _, stderr = run.communicate(timeout=120)
    assert run.returncode == 2, stderr
    assert "Traceback" not in stderr
    return stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("versions", "differs"),
    [({"ray_version": "2.9.3"}, "Ray 2.9.3"), ({"python_version": "3.12.1"}, "Python 3.12.1")],
    ids=["ray", "python"],
)
def test_a_cluster_of_other_versions_is_one_line(cluster, tmp_path, versions, differs):
    with said_to_run(cluster, **versions):
        line = refused(cluster, tmp_path)
    assert f"the cluster at {cluster.address} runs" in line
    assert differs in line.partition(", this process")[0]
    ours = f"Ray {ray.__version__} and Python {platform.python_version()}"
    assert f"this process {ours}; Ray wants the same" in line


def test_a_wrong_token_is_one_line(cluster, tmp_path):
    line = refused(cluster, tmp_path, RAY_AUTH_TOKEN="another-token-than-the-one-of-the-cluster")
    assert "does not take this token, or wants one; put its own into RAY_AUTH_TOKEN" in line
