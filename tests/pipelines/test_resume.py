"""Runs that are killed, really, and started again."""

import json
import os
import signal
import time

import pytest

from tests.held import Held
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = pytest.mark.slow
PLAN, RECEIPT = "*/plan/*", "*/staging/*/*/recordings.arrow"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Sixty clips, and their rows from a run that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for index in range(60):
        write_clip(folder / "clips" / "ab"[index % 2] / f"{index}.wav", index, 8.0)
    featurize(folder / "clips", folder / "out", segment_s=2.0, features=("mfcc", "f0", "log_mel"))
    return folder / "clips", table(folder / "out"), table(folder / "out", "recordings")


def command(clips, out):
    return (
        "featurize",
        clips,
        "--out",
        out,
        "--corpus",
        "folder",
        "--engine",
        "local",
        "--workers",
        "2",
        "segment_s=2",
        "features=mfcc,f0,log_mel",
    )


def receipts(out):
    return sorted(path.parent.name for path in out.glob("staging/*/*/recordings.arrow"))


def wait_for(condition, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.mark.parametrize("n_done", [0, 1, 4])
def test_a_driver_that_is_killed_and_started_again_finishes_exactly(undisturbed, tmp_path, n_done):
    clips, rows, recordings = undisturbed
    out = tmp_path / "out"
    moment = (RECEIPT, n_done) if n_done else (PLAN, 1)
    driver = Held(tmp_path / "held", *moment, *command(clips, out)).wait()
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    # A killed driver leaves no reader with half a table.
    assert not (out / "features").exists() or table(out) == rows
    finished = len(receipts(out))
    assert finished >= n_done
    again = start(*command(clips, out), "--json")
    stdout, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    summary = json.loads(stdout)
    assert summary["recordings"] == 60
    if finished:
        assert summary["new"] < 60, "finished files were done again"
    assert table(out) == rows
    assert table(out, "recordings") == recordings
    assert not (out / "staging").exists()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        found = file.read().split()
    tasks = os.listdir(f"/proc/{pid}/task")
    for task in tasks:
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += file.read().split()
    return {int(child) for child in found}


def test_workers_that_are_killed_cost_no_row(undisturbed, tmp_path):
    clips, rows, _ = undisturbed
    out = tmp_path / "out"
    run = Held(tmp_path / "held", RECEIPT, 2, *command(clips, out))
    driver = run.wait()
    for child in children_of(driver.pid):
        # Between two files, where the next one meets a process that is gone, or in one.
        os.kill(child, signal.SIGKILL)
    n_done = len(receipts(out))
    run.go()
    # A file that is hit twice would be taken for one that kills its process. It may be the first of
    # a shard that is not begun yet: a process that was killed is not gone at once.
    wait_for(lambda: len(receipts(out)) >= n_done + 4 or driver.poll() is not None)
    for child in children_of(driver.pid) if driver.poll() is None else ():
        # In the middle of a file, mostly.
        os.kill(child, signal.SIGKILL)
    stdout, stderr = driver.communicate(timeout=300)
    assert driver.returncode == 0, stderr
    assert "failed 0" in stdout, stdout + stderr
    assert table(out) == rows


def test_children_end_with_a_driver_that_is_killed(undisturbed, tmp_path):
    clips, _, _ = undisturbed
    driver = Held(tmp_path / "held", RECEIPT, 1, *command(clips, tmp_path / "out")).wait()
    children = children_of(driver.pid)
    assert children
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    wait_for(lambda: not [pid for pid in children if os.path.exists(f"/proc/{pid}")], seconds=20)


def test_an_interrupted_run_says_how_to_go_on(undisturbed, tmp_path):
    clips, rows, _ = undisturbed
    out = tmp_path / "out"
    driver = Held(tmp_path / "held", RECEIPT, 1, *command(clips, out)).wait()
    driver.send_signal(signal.SIGINT)
    _, stderr = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "the same command does the rest" in stderr
    assert "Traceback" not in stderr
    assert start(*command(clips, out)).wait(timeout=300) == 0
    assert table(out) == rows


def test_two_drivers_at_once_write_each_row_once(undisturbed, tmp_path):
    clips, rows, recordings = undisturbed
    drivers = [start(*command(clips, tmp_path / "out")) for _ in range(2)]
    for driver in drivers:
        _, stderr = driver.communicate(timeout=300)
        assert driver.returncode == 0, stderr
    assert table(tmp_path / "out") == rows
    assert table(tmp_path / "out", "recordings") == recordings
