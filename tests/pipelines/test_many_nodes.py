"""Three Ray nodes on this machine: one is lost, the driver is lost, the object store is full."""

import json
import subprocess
import sys

import pytest

from tests import chaos
from tests.pipelines import nodes

pytestmark = [pytest.mark.long, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]
STORE_BYTES = 80_000_000
STORE = f"--object-store-memory={STORE_BYTES}"


@pytest.fixture(scope="module")
def cluster():
    with nodes.cluster("--num-cpus=1", STORE) as cluster:
        cluster.environment["RAY_ADDRESS"] = cluster.address
        for _ in range(2):
            cluster.start_worker(1, STORE)
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """An archive, and the hash of its tables from a run that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    chaos.make_archive(f"{folder}/clips")
    run = chaos.driver(f"{folder}/clips", f"{folder}/out", "engine=local")
    text, _ = run.communicate(timeout=600)
    assert run.returncode == 0, text
    return f"{folder}/clips", chaos.fingerprint(f"{folder}/out")


OCCUPIED = """
import sys
import numpy as np
import ray

ray.init(address="auto", log_to_driver=False)
held = [ray.put(np.full(5_000_000, index, np.int16)) for index in range(20)]
from emodist import cli
code = cli.main(sys.argv[1:])
assert all((ray.get(ref) == index).all() for index, ref in enumerate(held))
from ray._private.internal_api import memory_summary
print([line for line in memory_summary(stats_only=True).splitlines() if "Spilled" in line])
sys.exit(code)
"""


def test_a_full_object_store_spills_and_nothing_is_lost(cluster, undisturbed, tmp_path):
    clips, wanted = undisturbed
    # The driver holds 200 MB in stores of 80 MB while its job runs.
    run = subprocess.run(
        [sys.executable, "-c", OCCUPIED, *chaos.words(clips, f"{tmp_path}/out", "engine=ray")],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Spilled" in run.stdout.splitlines()[-1]
    assert chaos.fingerprint(f"{tmp_path}/out") == wanted


def test_a_driver_that_is_killed_and_started_again_finishes_exactly(cluster, undisturbed, tmp_path):
    clips, wanted = undisturbed
    out = f"{tmp_path}/out"
    driver = chaos.driver(clips, out, "engine=ray", environment=cluster.environment)
    assert chaos.wait_until(out, 0.3, driver), driver.communicate()
    driver.kill()
    driver.wait()
    again = chaos.driver(clips, out, "engine=ray", "--json", environment=cluster.environment)
    text, _ = again.communicate(timeout=600)
    assert again.returncode == 0, text
    summary = json.loads(text.splitlines()[-1])
    assert summary["new"] < summary["recordings"], "finished files were done again"
    assert chaos.fingerprint(out) == wanted


# Last: the cluster has a node less from here.
def test_a_node_that_is_lost_in_the_middle_costs_no_row(cluster, undisturbed, tmp_path):
    clips, wanted = undisturbed
    out = f"{tmp_path}/out"
    driver = chaos.driver(clips, out, "engine=ray", environment=cluster.environment)
    assert chaos.wait_until(out, 0.3, driver), driver.communicate()
    cluster.kill(cluster.processes[1])
    text, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, text
    assert chaos.fingerprint(out) == wanted
