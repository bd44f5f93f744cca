"""Three Ray nodes on this machine train a network: a disk is full, a node is lost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipelines import nodes
from tests.pipelines.test_train_network import WORDS, assert_same, history, train, write_table

pytestmark = [
    pytest.mark.long,
    pytest.mark.ray,
    pytest.mark.tf,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
STORE = "--object-store-memory=80000000"


@pytest.fixture(scope="module")
def cluster():
    """A head without CPUs, and two nodes of one CPU each: a worker on each."""
    with nodes.cluster("--num-cpus=0", STORE) as cluster:
        for _ in range(2):
            cluster.start_worker(1, STORE)
        yield cluster


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> str:
    """Labels that are hard to hear, so that more epochs make it worse."""
    return write_table(tmp_path_factory.mktemp("table") / "features", shift=0.3)


class Waits:
    """Changes nothing, but in one batch leaves a mark and waits, so that the test can act."""

    def __init__(self, marker: str, at_batch: int):
        self.marker, self.at_batch, self.n_batches = marker, at_batch, 0

    def __call__(self, batch, rng):
        self.n_batches += 1
        if self.n_batches == self.at_batch and not os.path.exists(self.marker):
            # The batches before this one are learned from meanwhile.
            time.sleep(1)
            Path(self.marker).touch()
            time.sleep(2)
        return batch


DRIVER = """
import sys
from emodist import cli
from emodist.pipelines import train_network
from tests.pipelines.test_train_faults import Waits

if sys.argv[1]:
    real, waits = train_network.train, Waits(sys.argv[1], 7)
    train_network.train = lambda *words: real(*words, augment=waits)
sys.exit(cli.main(sys.argv[2:]))
"""


def driver(cluster, table, out, *words, waits_at="") -> subprocess.Popen:
    """`emodist train` with two workers on the cluster."""
    line = ["train", table, *WORDS, "--workers", "2", "--out", out, *words]
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(waits_at), *map(str, line)],
        env={**cluster.environment, "RAY_ADDRESS": cluster.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root")
    yield folder
    # Lazily: a process of Ray may still look at a file.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_for_a_worker_is_one_line_and_is_not_tried_again(
    cluster, table, small_disk
):
    run = driver(cluster, table, small_disk / "out", "simple_cnn.width=8000")
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 2, errors
    wanted = f"emodist train: {small_disk}/out/training/state.npz cannot be written: No space left"
    assert errors.strip().splitlines()[-1].startswith(wanted)
    assert "Traceback" not in errors
    assert "a worker was lost" not in errors


# Last: the cluster has a node less from here.
def test_a_node_that_is_lost_in_an_epoch_leaves_one_worker_who_learns_and_stops_the_same(
    cluster, table, tmp_path
):
    train(table, tmp_path / "alone", epochs=8, patience=2)
    run = driver(
        cluster, table, tmp_path / "out", "epochs=8", "patience=2", waits_at=tmp_path / "epoch_2"
    )
    until = time.monotonic() + 300
    while not (tmp_path / "epoch_2").exists():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    cluster.kill(cluster.processes[1])
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors
    assert "training goes on with 1 of 2 workers" in errors.splitlines()
    assert_same(tmp_path / "out", tmp_path / "alone", table)
    n_epochs = len(history(tmp_path / "out")[0])
    assert 2 < n_epochs < 8
    assert f"epoch {n_epochs}," in errors
