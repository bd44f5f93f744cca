"""What a featurize job will take, predicted from a sample of its files that is really processed.

Files are drawn systematically, ordered by suffix and size, each with a probability that is half an
equal share and half its share of the predicted sound: many small files and a few huge ones are
both represented. Weights are the inverse probabilities, calibrated within each suffix so that the
sample has the number of files and the bytes of the whole input (generalized regression estimator:
Särndal, Swensson & Wretman, *Model Assisted Survey Sampling* (1992), ch. 6).

The sample goes through the job's own `ShardRunner`, one worker, into a temporary folder. Of a long
file only the beginning is processed, as a 16 kHz WAV that another process decodes from it.
"""

import collections
import contextlib
import dataclasses
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emodist import listing, plan, storage
from emodist.audio import decode, encode
from emodist.config import FeaturizeSettings
from emodist.errors import ConfigError, EmodistError
from emodist.listing import MediaFile
from emodist.shards import ShardRunner, published

SAMPLE_FILES = 24
# Sound that a sample may hold, and what is processed of a file at least.
SAMPLE_S = 1800.0
BEGINNING_S = 60.0
# A sample that takes less is processed three times, and the median counts.
STEADY_S = 3.0
# Few media have fewer bytes for each second: what bounds the length of an unopened file.
LEAST_BYTES_PER_S = 8000.0
TOTALS = ("failed", "audio_s", "segments", "work_s", "bytes")


@dataclasses.dataclass(frozen=True)
class Sampled:
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
class Trial:
    """The sample, and what the job costs beside its files.

    CPU seconds before the first file, of the driver and of each worker; peak memory of a worker;
    bytes of a group's files beside their rows; wall time as a multiple of CPU time, at least 1.
    """

    sampled: list[Sampled]
    driver_start_s: float
    worker_start_s: float
    worker_bytes: int
    group_bytes: float
    waiting: float


def predict(
    settings: FeaturizeSettings,
    n_files: int = SAMPLE_FILES,
    n_cpus: int | None = None,
    price: float | None = None,
) -> dict[str, Any]:
    """What `featurize` with these settings will take; nothing is written to `settings.out`.

    Parameters
    ----------
    n_files : int
        About so many files are processed; all of them if there are not more.
    n_cpus : int, optional
        Of the machine or cluster that will do the work; default: this machine's.
    price : float, optional
        Of one CPU hour.

    Returns
    -------
    dict
        `files`; `failed`, `audio_h`, `segments`, `cpu_h`, `output_bytes`; `uncertainty`, twice the
        standard error of each of those (from leaving out one sampled file at a time; noise of the
        machine is not in it); `wall_h` with `n_cpus`; `worker_bytes` and `driver_bytes`, peak
        memory of each; `cost` if there is a price; and what it rests on: `sampled_files`,
        `sampled_s` of sound, `is_complete` if those are all the files. Ray's start is not in it.

    Raises
    ------
    ConfigError
        If there are no media files, or a number is out of range.
    """
    n_cpus = (os.cpu_count() or 1) if n_cpus is None else n_cpus
    for name, value, low in (("sample", n_files, 1), ("cpus", n_cpus, 1), ("price", price, 0)):
        if value is not None and not low <= value < float("inf"):
            raise ConfigError(f"{name} must be at least {low}; got {value}")
    files = sorted(
        listing.media_files(settings.path), key=lambda f: (_suffix(f), f.size_bytes or 0, f.path)
    )
    if not files:
        suffixes = " ".join(sorted(listing.SUFFIXES))
        raise ConfigError(f"{settings.path} holds no media files; known suffixes: {suffixes}")
    predicted_s = np.array([plan.audio_s(f.path, f.size_bytes) for f in files])
    chance = _chances(predicted_s, n_files)
    drawn = _draw(chance)
    trial = _try([files[i] for i in drawn], settings)

    def totals(kept: NDArray[np.int_]) -> NDArray[np.float64]:
        weights = _weights([_suffix(f) for f in files], predicted_s, chance, drawn[kept])
        return weights @ [[getattr(trial.sampled[k], name) for name in TOTALS] for k in kept]

    everyone = np.arange(len(drawn))
    total = dict(zip(TOTALS, totals(everyone).tolist(), strict=True))
    spread = dict(zip(TOTALS, _spread(totals, everyone, chance[drawn] < 1).tolist(), strict=True))
    total["bytes"] += trial.group_bytes * max(1, round(total["bytes"] / plan.GROUP_BYTES))
    n_workers = settings.workers or n_cpus
    start_s = trial.driver_start_s + n_workers * trial.worker_start_s
    longest_s = max(s.work_s for s in trial.sampled)
    wall_s = trial.driver_start_s + trial.worker_start_s
    wall_s += max(total["work_s"] * trial.waiting / min(n_workers, n_cpus), longest_s)
    cpu_h = (start_s + total["work_s"]) / 3600

    def named(values: dict[str, float], cpu_h: float) -> dict[str, float]:
        return {
            "failed": values["failed"],
            "audio_h": values["audio_s"] / 3600,
            "segments": values["segments"],
            "cpu_h": cpu_h,
            "output_bytes": values["bytes"],
        }

    return {
        "files": len(files),
        **named(total, cpu_h),
        "uncertainty": named(spread, spread["work_s"] / 3600),
        "wall_h": wall_s / 3600,
        "n_cpus": n_cpus,
        "n_workers": n_workers,
        "worker_bytes": trial.worker_bytes,
        "driver_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "sampled_files": len(drawn),
        "sampled_s": sum(s.tried_s for s in trial.sampled),
        "is_complete": len(drawn) == len(files)
        and all(s.tried_s == s.audio_s for s in trial.sampled),
        **({} if price is None else {"price": price, "cost": price * cpu_h}),
    }


def report(found: dict[str, Any]) -> str:
    """The prediction as a short table for a person."""
    error = found["uncertainty"]
    rows = {
        "files": f"{found['files']}",
        "will fail": f"{found['failed']:.0f} ± {error['failed']:.0f}",
        "sound": _time(found["audio_h"], error["audio_h"]),
        "segments": f"{found['segments']:.0f} ± {error['segments']:.0f}",
        "output": f"{found['output_bytes'] / 1e6:.1f} ± {error['output_bytes'] / 1e6:.1f} MB",
        "CPU time": _time(found["cpu_h"], error["cpu_h"]),
        "wall time": f"{_time(found['wall_h'])} on {found['n_cpus']} CPUs",
        "memory": f"{found['n_workers']} workers of {found['worker_bytes'] / 1e6:.0f} MB, "
        f"driver {found['driver_bytes'] / 1e6:.0f} MB",
    }
    if "cost" in found:
        rows["cost"] = f"{found['cost']:.4g} at {found['price']:g} for a CPU hour"
    basis = (
        f"{found['sampled_files']} of {found['files']} files, {found['sampled_s']:.0f} s of sound"
    )
    return "\n".join(
        [
            *(f"{name:10} {value}" for name, value in rows.items()),
            f"all files were processed ({basis}): only times and memory are predicted"
            if found["is_complete"]
            else f"predicted from {basis}; ± is twice the standard error of the sample",
        ]
    )


def _time(hours: float, error: float | None = None) -> str:
    unit, size = ("s", 1 / 3600) if hours < 1 / 30 else ("min", 1 / 60) if hours < 2 else ("h", 1)
    return f"{hours / size:.1f}{'' if error is None else f' ± {error / size:.1f}'} {unit}"


def _suffix(file: MediaFile) -> str:
    return PurePosixPath(file.path).suffix.lower()


def _chances(predicted_s: NDArray[np.float64], n_files: int) -> NDArray[np.float64]:
    """The probability with which each file is drawn; they add up to `n_files`, or are all 1.

    Examples
    --------
    >>> _chances(np.array([1.0, 1.0, 1.0, 97.0]), 2)
    array([0.33333333, 0.33333333, 0.33333333, 1.        ])
    """
    share = 0.5 / len(predicted_s) + 0.5 * predicted_s / max(predicted_s.sum(), 1e-9)
    chance = np.zeros(len(share))
    while (rest := chance < 1).any() and (n_left := n_files - np.count_nonzero(~rest)) > 0:
        chance[rest] = np.minimum(1, n_left * share[rest] / share[rest].sum())
        if not (chance[rest] >= 1).any():
            break
    return chance


def _draw(chance: NDArray[np.float64]) -> NDArray[np.int_]:
    """Systematic: where the sum of the chances passes 0.5, 1.5, 2.5, ..."""
    passed = np.floor(np.cumsum(chance) + 0.5 - 1e-9).astype(int)
    return np.flatnonzero(np.diff(passed, prepend=0))


def _weights(
    suffixes: list[str],
    predicted_s: NDArray[np.float64],
    chance: NDArray[np.float64],
    drawn: NDArray[np.int_],
) -> NDArray[np.float64]:
    """How many files each drawn one stands for."""
    weights = 1 / chance[drawn]
    present = collections.Counter(suffixes[i] for i in drawn)
    # A rare suffix without a file in the sample is taken to be like the most frequent one.
    usual = present.most_common(1)[0][0]
    group = np.array([suffix if suffix in present else usual for suffix in suffixes])
    for name in present:
        members, mine = group == name, group[drawn] == name
        scale = max(predicted_s[members].mean(), 1e-9)
        x = np.column_stack([np.ones(mine.sum()), predicted_s[drawn][mine] / scale])
        target = np.array([members.sum(), predicted_s[members].sum() / scale])
        w = weights[mine]
        slope = np.linalg.lstsq((x.T * w) @ x, target - x.T @ w, rcond=1e-9)[0]
        calibrated = w * (1 + x @ slope)
        if (calibrated < 0).any():
            calibrated = w * target[1] / max(w @ x[:, 1], 1e-9)
        weights[mine] = calibrated
    return weights


def _spread(totals, everyone, is_chance) -> NDArray[np.float64]:
    """Twice the standard error of the totals, by the jackknife over files drawn by chance."""
    left_out = np.flatnonzero(is_chance)
    if not len(left_out) or len(everyone) < 2:
        return np.zeros(len(TOTALS))
    others = np.array([totals(np.delete(everyone, k)) for k in left_out])
    deviation = others - others.mean(axis=0)
    return 2 * np.sqrt((len(left_out) - 1) / len(left_out) * (deviation**2).sum(axis=0))


def _try(files: list[MediaFile], settings: FeaturizeSettings) -> Trial:
    """Process files as the job would, with one worker.

    One by one they say how the cost is spread over them; together, in one shard, how much it is.
    """
    corpus = settings.build_corpus().opened(settings.path)
    recordings = [plan.recording(file, corpus, settings.corpus) for file in files]
    with tempfile.TemporaryDirectory(prefix="emodist-plan-") as folder:
        driver_start_s = _driver_start_s(folder)
        begun = _beginnings(recordings, settings, folder)
        tried = [{**r, "uri": b.uri} if b else r for r, b in zip(recordings, begun, strict=True)]
        noise = {**recordings[0], "uri": _noise(folder), "problem": None}
        # Kernels are compiled once on a machine, not once in each worker.
        with contextlib.closing(_Worker(settings, f"{folder}/first")) as worker:
            worker.run([noise])
        # What a worker loads when it meets its first file of a kind is part of its start.
        by_size = sorted(range(len(files)), key=lambda k: -(files[k].size_bytes or 0))
        warm = list({_suffix(files[k]): k for k in by_size}.values())
        children_s = _cpu_s(resource.RUSAGE_CHILDREN)
        with contextlib.closing(_Worker(settings, f"{folder}/out")) as worker:
            worker.run([noise, *(tried[k] for k in warm)])
            each = [worker.run([recording]) for recording in tried]
            repeats = 1 if sum(done.wall_s for done in each) > STEADY_S else 3
            runs = [worker.run(tried) for _ in range(repeats)]
            nothing = worker.run([])
            worker_bytes = _peak_of_children()
        children_s = _cpu_s(resource.RUSAGE_CHILDREN) - children_s
    together = sorted(runs, key=lambda done: done.child_s + done.driver_s)[repeats // 2]
    counted_s = sum(done.child_s for done in [*each, *runs])
    counted_s += sum(each[k].child_s for k in warm)
    plan_bytes = _plan_bytes(recordings, settings) / len(recordings)
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
            Sampled(
                failed=done.n_failed,
                audio_s=done.audio_s * times,
                segments=done.n_segments * row_times,
                work_s=(work_s[k] * work_scale + (start.cpu_s if start else 0.0)) * times,
                bytes=(done.bytes - group_bytes) * row_times + plan_bytes,
                tried_s=done.audio_s,
            )
        )
    return Trial(
        sampled,
        driver_start_s,
        worker_start_s=max(children_s - counted_s, 0.0),
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
            n_segments=pq.read_metadata(files["features"]).num_rows,
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
    rows = plan.cut(recordings, settings.fingerprint(), plan.Sizing(0.0, 0.0, 1))
    sizes = []
    for table in (rows, rows.slice(0, 0)):
        pq.write_table(table, data := io.BytesIO(), compression="zstd")
        sizes.append(len(data.getvalue()))
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
        if most_s[k] <= limit_s or recordings[k]["problem"]:
            return None
        request = {
            "uri": recordings[k]["uri"],
            "target": f"{folder}/{k}.wav",
            "limit_s": limit_s,
            "decoder": settings.decoder,
            "max_duration_s": settings.max_duration_s,
            "guess_s": plan.audio_s(recordings[k]["path"], recordings[k]["size_bytes"]),
        }
        # In a process of its own, which a bad file may crash or hang; the worker will tell.
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = _python(
                *("-m", "emodist.pipelines.estimate", json.dumps(request)),
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
    uri: str, target: str, limit_s: float, decoder: str, max_duration_s: float, guess_s: float
) -> dict[str, Any] | None:
    """Write the beginning of a file; None if all of it is short enough, or too long for the job."""
    with contextlib.ExitStack() as stack:
        source: Any = uri
        if storage.is_remote(uri):
            fs, path = storage.filesystem(uri)
            source = stack.enter_context(fs.open(path, "rb"))
        length_s = decode.probe(source).duration_s
        if length_s is not None and not limit_s < length_s <= max_duration_s:
            return None
        before_s, decoded_s = time.process_time(), 0.0
        write = stack.enter_context(encode.writer(target))
        for block in decode.blocks(source, decoder):
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
