"""The same rows by Ray, also when its processes are killed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    for index in range(40):
        write_clip(folder / "clips" / "ab"[index % 2] / f"{index}.wav", index, 8.0)
    (folder / "clips" / "a" / "empty.wav").write_bytes(b"")
    featurize(folder / "clips", folder / "out", segment_s=2.0, features=("mfcc", "f0", "log_mel"))
    return folder / "clips", folder / "out"


def command(clips, out):
    return (
        "featurize",
        clips,
        "--out",
        out,
        "--corpus",
        "folder",
        "--engine",
        "ray",
        "--workers",
        "2",
        "segment_s=2",
        "features=mfcc,f0,log_mel",
        "--json",
    )


def assert_same(out, expected):
    for name in ("features", "recordings"):
        assert table(out, name) == table(expected, name)
    kept = ["recording_id", "uri", "stage", "error", "message", "attempts"]
    failures = table(out, "failures").select(kept)
    assert failures == table(expected, "failures").select(kept)


def processes(words: str, ancestor: int) -> list[int]:
    """Processes below `ancestor` whose command line holds `words`."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(folder.name)] = int(stat[1])
            if words in (folder / "cmdline").read_text().replace("\0", " "):
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue

    def is_below(pid: int) -> bool:
        while pid > 1:
            pid = parents.get(pid, 0)
            if pid == ancestor:
                return True
        return False

    return [pid for pid in found if is_below(pid)]


def wait_for(condition, seconds=300.0):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return result


def receipts(out):
    return list(Path(out).glob("staging/*/*/recordings.arrow"))


def test_ray_makes_the_rows_of_the_local_engine(undisturbed, tmp_path):
    clips, expected = undisturbed
    run = start(*command(clips, tmp_path / "out"))
    stdout, stderr = run.communicate(timeout=300)
    assert run.returncode == 0, stderr
    summary = json.loads(stdout)
    assert (summary["engine"], summary["recordings"], summary["failed"]) == ("ray", 40, 1)
    assert_same(tmp_path / "out", expected)
    assert "Traceback" not in stderr


def test_killed_actors_and_a_killed_driver_cost_no_row(undisturbed, tmp_path):
    clips, expected = undisturbed
    out = tmp_path / "out"
    driver = start(*command(clips, out))
    wait_for(lambda: len(receipts(out)) >= 1)
    # The actor's process goes, with the child below it.
    # Not just any of Ray's own processes: which of those may die is not ours to promise.
    for pid in wait_for(lambda: processes("ray::MapWorker", driver.pid))[:1]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(receipts(out)) >= 3 or driver.poll() is not None)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    again = start(*command(clips, out))
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    assert_same(out, expected)


def test_a_cluster_that_does_not_answer_is_one_line(undisturbed, tmp_path):
    clips, _ = undisturbed
    run = start(*command(clips, tmp_path / "out"), "address=127.0.0.1:1")
    _, stderr = run.communicate(timeout=120)
    assert run.returncode == 2
    assert "no Ray cluster answers at 127.0.0.1:1" in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
