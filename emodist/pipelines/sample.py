"""Sampled files of a featurize job, really processed: what each costs, and what comes on top.

They go through the job's own `ShardRunner`, one worker, into a temporary folder. Of a long file
only the beginning is processed, as a 16 kHz WAV that another process decodes from it.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emodist import storage
from emodist.audio import decode, encode
from emodist.audio.length import counted_s
from emodist.errors import EmodistError
from emodist.media import plan, variants
from emodist.media.files import MediaFile
from emodist.media.settings import HOW, FeaturizeSettings
from emodist.media.shards import ShardRunner, published
from emodist.tables import parquet

# Sound that a sample may hold, and what is processed of a file at least.
SAMPLE_S = 1800.0
BEGINNING_S = 60.0
# A sample that takes less is processed three times, and the median counts.
STEADY_S = 3.0
# Few media have fewer bytes for each second: what bounds the length of an unopened file.
LEAST_BYTES_PER_S = 8000.0


@dataclasses.dataclass(frozen=True)
class SampledFile:
    """What one file of the sample comes to, if need be extrapolated from its beginning.

    `work_s` are CPU seconds of worker and driver, `bytes` those of its output; `tried_s` are the
    seconds of sound that were processed.
    """

    failed: float
    audio_s: float
    segments: float
    work_s: float
    bytes: float
    tried_s: float


@dataclasses.dataclass(frozen=True)
class Sample:
    """The sample, and what the job costs beside its files.

    CPU seconds before the first file, of the driver and of each worker; peak memory of a worker;
    bytes of a group's files beside their rows; wall time as a multiple of CPU time, at least 1.
    """

    files: list[SampledFile]
    driver_start_s: float
    worker_start_s: float
    worker_bytes: int
    group_bytes: float
    waiting: float


def run(files: list[MediaFile], settings: FeaturizeSettings) -> Sample:
    """Process files as the job would, with one worker.

    One by one they say how the cost is spread over them; together, in one shard, how much it is.
    """
    corpus = settings.build_corpus().opened(settings.path)
    recordings = plan.recordings(files, corpus, settings.corpus).to_pylist()
    with tempfile.TemporaryDirectory(prefix="emodist-plan-") as folder:
        driver_start_s = _driver_start_s(folder)
        begun = _beginnings(recordings, settings, folder)
        tried = [{**r, "uri": b.uri} if b else r for r, b in zip(recordings, begun, strict=True)]
        made = variants.planned(tried, settings)
        # A file's variants are a part of what it comes to.
        groups = [
            [r, *(v for v in made if variants.original(v["recording_id"]) == r["recording_id"])]
            for r in tried
        ]
        noise = {
            **recordings[0],
            "recording_id": "noise",
            "uri": _noise(folder),
            "problem": None,
            "spans": None,
        }
        # What a worker loads when it meets its first file of a kind is part of its start.
        by_size = sorted(range(len(files)), key=lambda k: -(files[k].size_bytes or 0))
        warm = list({Path(files[k].path).suffix.lower(): k for k in by_size}.values())
        beginning = [noise, *(tried[k] for k in warm)]
        # Kernels are compiled once on a machine, not once in each worker.
        first_s = _cpu_s(resource.RUSAGE_CHILDREN)
        with contextlib.closing(_Worker(settings, f"{folder}/first")) as worker:
            worker.run(beginning)
        first_s = _cpu_s(resource.RUSAGE_CHILDREN) - first_s
        second_s = _cpu_s(resource.RUSAGE_CHILDREN)
        with contextlib.closing(_Worker(settings, f"{folder}/out")) as worker:
            worker.run(beginning)
            each = [worker.run(group) for group in groups]
            repeats = 1 if sum(done.wall_s for done in each) > STEADY_S else 3
            runs = [worker.run(list(itertools.chain(*groups))) for _ in range(repeats)]
            nothing = worker.run([])
            worker_bytes = _peak_of_children()
        second_s = _cpu_s(resource.RUSAGE_CHILDREN) - second_s
    together = sorted(runs, key=lambda done: done.child_s + done.driver_s)[repeats // 2]
    second_s -= sum(done.child_s for done in [*each, *runs])
    warm_s = sum(each[k].child_s for k in warm)
    plan_bytes = _plan_bytes([*recordings, *made], settings) / len(recordings)
    work_s = [done.child_s + max(done.driver_s - nothing.driver_s, 0.0) for done in each]
    # The same rows in many files or in one: the difference is what a file has beside its rows.
    sizes = [done.bytes for done in each]
    group_bytes = (sum(sizes) - together.bytes) / max(len(sizes) - 1, 1)
    group_bytes = min(max(group_bytes, nothing.bytes), min(sizes))
    work_scale = together.child_s + max(together.driver_s - nothing.driver_s, 0.0)
    work_scale /= max(sum(work_s), 1e-9)
    sampled = []
    for k, done in enumerate(each):
        start = begun[k]
        times = start.length_s / start.decoded_s if start and not done.n_failed else 1.0
        row_times = 1.0 if settings.segment_s is None else times
        sampled.append(
            SampledFile(
                failed=done.n_failed,
                audio_s=done.audio_s * times,
                segments=done.n_segments * row_times,
                work_s=(work_s[k] * work_scale + (start.cpu_s if start else 0.0)) * times,
                bytes=(done.bytes - group_bytes) * row_times + plan_bytes,
                tried_s=done.audio_s,
            )
        )
    return Sample(
        sampled,
        driver_start_s,
        # The smaller of two starts: the first may have compiled, and either been disturbed.
        worker_start_s=max(min(first_s, second_s) - warm_s, 0.0),
        worker_bytes=worker_bytes,
        group_bytes=group_bytes,
        waiting=max(1.0, together.wall_s / (together.child_s + together.driver_s)),
    )


@dataclasses.dataclass(frozen=True)
class _Done:
    """What a shard came to that is a group of its own: CPU seconds, wall time, bytes, counts."""

    child_s: float
    driver_s: float
    wall_s: float
    bytes: int
    n_failed: int
    n_segments: int
    audio_s: float


class _Worker:
    """A worker of the job in this process, with its children."""

    def __init__(self, settings: FeaturizeSettings, out: str):
        self.runner = ShardRunner(dataclasses.replace(settings, out=out))
        self.n_done = 0

    def run(self, recordings: list[dict[str, Any]]) -> _Done:
        name = str(self.n_done)
        self.n_done += 1
        shard = {"shard": name, "group": name, "group_shards": [name], "recordings": recordings}
        wall_s, driver_s = time.monotonic(), _cpu_s(resource.RUSAGE_SELF)
        result = self.runner(shard)
        driver_s, wall_s = _cpu_s(resource.RUSAGE_SELF) - driver_s, time.monotonic() - wall_s
        files = {
            table: published(self.runner.settings.out, table, name) for table in self.runner.schemas
        }
        return _Done(
            child_s=result.cpu_s,
            driver_s=driver_s,
            wall_s=wall_s,
            bytes=sum(map(os.path.getsize, files.values())),
            n_failed=result.n_failed,
            n_segments=parquet.footer(files["features"]).num_rows,
            audio_s=result.audio_s,
        )

    def close(self) -> None:
        self.runner.close()


def _cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _peak_of_children() -> int:
    """Most memory that the live children of this process have had, in bytes, added up."""
    total = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            with contextlib.suppress(OSError, StopIteration):
                status = Path(f"/proc/{child}/status").read_text().splitlines()
                peak = next(line for line in status if line.startswith("VmHWM:"))
                total += int(peak.split()[1]) * 1024
    return total or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _driver_start_s(folder: str) -> float:
    """CPU seconds of a whole run without any work: its only file does not exist."""
    Path(folder, "none.csv").write_text("uri\nnone.wav\n")
    before_s = _cpu_s(resource.RUSAGE_CHILDREN)
    words = ("-m", "emodist", "featurize", f"{folder}/none.csv", "--out", f"{folder}/none")
    _python(*words, "--engine", "local")
    return _cpu_s(resource.RUSAGE_CHILDREN) - before_s


def _python(*words: str, timeout_s: float | None = None) -> subprocess.CompletedProcess:
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        timeout=timeout_s,
        env={**os.environ, "PYTHONPATH": path},
    )


def _plan_bytes(recordings: list[dict[str, Any]], settings: FeaturizeSettings) -> int:
    rows = plan.cut(plan.batch(recordings), settings.fingerprint(), plan.Sizing(0.0, 0.0, 1))
    sizes = []
    for table in (rows, rows.slice(0, 0)):
        pq.write_table(table, data := pa.BufferOutputStream(), compression="zstd")
        sizes.append(data.tell())
    return sizes[0] - sizes[1]


def _noise(folder: str) -> str:
    file = f"{folder}/noise.wav"
    with encode.writer(file) as write:
        write(np.random.default_rng(0).normal(0, 0.1, 5 * decode.SAMPLE_RATE).astype(np.float32))
    return file


@dataclasses.dataclass(frozen=True)
class Beginning:
    """The first `decoded_s` of a long file as a WAV, its cost, and the whole length."""

    uri: str
    decoded_s: float
    cpu_s: float
    length_s: float


def _beginnings(
    recordings: list[dict[str, Any]], settings: FeaturizeSettings, folder: str
) -> list[Beginning | None]:
    """None for each file that is processed whole: a short one, or one that makes difficulties."""
    most_s = np.array([(r["size_bytes"] or 0) / LEAST_BYTES_PER_S for r in recordings])
    limit_s = _level(most_s, SAMPLE_S)

    def begin(k: int) -> Beginning | None:
        # Spans may lie anywhere in it.
        if most_s[k] <= limit_s or recordings[k]["problem"] or recordings[k]["spans"]:
            return None
        request = {
            "uri": recordings[k]["uri"],
            "target": f"{folder}/{k}.wav",
            "limit_s": limit_s,
            "how": {name: getattr(settings, name) for name in HOW},
            "max_duration_s": settings.max_duration_s,
            "guess_s": plan.audio_s(recordings[k]["path"], recordings[k]["size_bytes"]),
        }
        # In a process of its own, which a bad file may crash or hang; the worker will tell.
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = _python(
                *("-m", "emodist.pipelines.sample", json.dumps(request)),
                timeout_s=settings.file_timeout_s + limit_s,
            )
            if done.returncode == 0 and (answer := json.loads(done.stdout)):
                return Beginning(**answer)
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(begin, range(len(recordings))))


def _level(lengths: NDArray[np.float64], budget: float) -> float:
    """Where to cut lengths so that they add up to the budget; not below `BEGINNING_S`.

    Examples
    --------
    >>> _level(np.array([100.0, 400.0, 9000.0]), 1800.0)
    1300.0
    """
    left = budget
    for k, length in enumerate(ordered := np.sort(lengths)):
        level = left / (len(ordered) - k)
        if length > level:
            return max(float(level), BEGINNING_S)
        left -= length
    return float("inf")


def _begin(
    uri: str,
    target: str,
    limit_s: float,
    how: dict[str, Any],
    max_duration_s: float,
    guess_s: float,
) -> dict[str, Any] | None:
    """Write the beginning of a file; None if all of it is short enough, or too long for the job."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(storage.opened(uri))
        told_s = decode.probe(source).duration_s
        length_s = counted_s(source) or told_s
        if length_s is not None and not limit_s < length_s <= max_duration_s:
            return None
        before_s, decoded_s = time.process_time(), 0.0
        write = stack.enter_context(encode.writer(target))
        for block in decode.blocks(source, **how):
            write(block)
            decoded_s += len(block) / decode.SAMPLE_RATE
            if decoded_s >= limit_s:
                break
        else:
            return None
    return {
        "uri": target,
        "decoded_s": decoded_s,
        "cpu_s": time.process_time() - before_s,
        "length_s": max(length_s or guess_s, decoded_s),
    }


if __name__ == "__main__":
    try:
        print(json.dumps(_begin(**json.loads(sys.argv[1]))))
    except EmodistError as error:
        sys.exit(str(error))
