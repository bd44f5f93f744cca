"""Planning of archives that are larger than what is planned at once."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from emodist.media import plan_log
from emodist.media.listing import MediaFile
from emodist.media.plan_log import PlanLog
from emodist.media.settings import ExtractSettings
from emodist.pipelines import planning
from tests.pipelines.conftest import settings


def files(n_files):
    for index in range(n_files):
        path = f"channel_{index // 1000}/{index}.mp4"
        yield MediaFile(path, f"s3://bucket/{path}", 36_000_000, 0, f"{index:x}")


def planned(out, field="path"):
    return [x for rows in plan_log.row_groups(str(out), field) for x in rows[field].to_pylist()]


def media(out, **more):
    return settings("-", out, corpus="media", **more)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(planning, "CHUNK_FILES", 100)


def test_an_archive_is_planned_in_parts_and_each_file_once(small_chunks, tmp_path):
    log = PlanLog(str(tmp_path))
    assert planning.extend(log, files(950), media(tmp_path)).n_changed == 0
    assert log.n_parts == 10
    assert planned(tmp_path) == [file.path for file in files(950)]
    log = PlanLog(str(tmp_path))
    planning.extend(log, files(960), media(tmp_path))
    assert log.n_parts == 11
    assert planned(tmp_path) == [file.path for file in files(960)]


def test_drivers_that_race_through_an_archive_plan_each_file_once(small_chunks, tmp_path):
    logs = [PlanLog(str(tmp_path)) for _ in range(4)]
    meet = threading.Barrier(len(logs))

    def drive(log):
        meet.wait(timeout=10)
        planning.extend(log, files(1500), media(tmp_path))

    threads = [threading.Thread(target=drive, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(planned(tmp_path)) == sorted(file.path for file in files(1500))
    assert all(log.work() == PlanLog(str(tmp_path)).work() for log in logs)


def test_shards_grow_as_the_archive_turns_out_to_be_large(small_chunks, tmp_path):
    log = PlanLog(str(tmp_path))
    planning.extend(log, files(1000), media(tmp_path, workers=8))
    sizes = log.work()["audio_s"].to_pylist()
    # The first hundred files of six minutes are ten hours, all of them a hundred.
    assert max(sizes[:10]) <= 36_000 / 64 < 3000 < min(sizes[-5:-1])


def test_classes_are_balanced_over_the_parts_of_a_corpus(small_chunks, tmp_path):
    chosen = settings("-", tmp_path, augment=("noise",), augment_balance=True, n_variants=0)
    some = [
        MediaFile(f"{label}/{index}.wav", "/x", 1)
        for label, n in (("happy", 150), ("sad", 50))
        for index in range(n)
    ]
    planning.extend(PlanLog(str(tmp_path)), iter(some), chosen)
    labels = planned(tmp_path, "label")
    assert labels.count("happy") == labels.count("sad") == 150


def test_sound_files_of_two_parts_do_not_share_a_name(small_chunks, tmp_path):
    names = [f"a/{i}.{suffix}" for suffix in ("mp4", "mkv") for i in range(150)]
    chosen = ExtractSettings(path="-", out=str(tmp_path))
    some = (MediaFile(name, f"/{name}", 1) for name in names)
    planning.extend(PlanLog(str(tmp_path)), some, chosen)
    targets = planned(tmp_path, "target")
    assert len(set(targets)) == 300
    assert "audio/a/7.wav" in targets


DRIVER = """
import sys
from emodist.pipelines import planning
from emodist.media.plan_log import PlanLog
from tests.pipelines.test_planning import files, media

def peak_mb():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

out, n_files, planning.CHUNK_FILES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
idle = peak_mb()
planning.extend(PlanLog(out), files(n_files), media(out))
print(peak_mb() - idle)
"""


def driver(out, n_files, chunk_files=planning.CHUNK_FILES):
    words = [sys.executable, "-c", DRIVER, str(out), str(n_files), str(chunk_files)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_what_a_killed_driver_did_not_plan_the_next_one_does(tmp_path):
    killed = driver(tmp_path, 20_000, chunk_files=200)
    deadline = time.monotonic() + 60
    while not (tmp_path / "plan" / "00004.parquet").exists():
        assert time.monotonic() < deadline, "nothing is planned"
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = planned(tmp_path)
    assert 1000 <= len(done) < 20_000
    planning.extend(PlanLog(str(tmp_path)), files(20_000), media(tmp_path))
    found = planned(tmp_path)
    assert found[: len(done)] == done
    assert found == [file.path for file in files(20_000)]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive(tmp_path):
    """As Python objects, the 80,000 files by which they differ would take 160 MB."""
    peaks = []
    for n_files in (40_000, 120_000):
        text, _ = driver(tmp_path / str(n_files), n_files, 20_000).communicate(timeout=120)
        peaks.append(float(text))
    assert peaks[1] - peaks[0] < 30
