"""YAMNet clip by clip, as most scripts call it, against emodist's batches; decoding excluded.

    python benchmarks/yamnet.py --model FOLDER SOUND_FOLDER [--clips 48] [--cut-s 2]

Both sides get the same waveforms (16 kHz mono) and return the mean embedding of each. Rounds
alternate; the figures are medians. `clip by clip` is `tensorflow_hub.load(...)` called on each
waveform, with all cores. The emodist sides include its front end: one thread, one model with a
thread per core, and one single-threaded model per core, as workers of a cluster have it.

The last line is how near the network is to what a core can do: its float32 arithmetic against a
large float32 matrix product of numpy's BLAS, in turn, one thread each, by CPU time.
"""

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import record
import soundfile
from threadpoolctl import threadpool_limits

from emodist.features import _yamnet as yamnet

SOUNDS = (".flac", ".wav")
# Multiplications of a patch, by the authors of YAMNet; each comes with an addition.
MULTIPLICATIONS = 69.2e6
MATRIX = 1024


def main() -> None:
    options = parse()
    waveforms = read(options.folder, options.clips, options.cut_s)
    n_patches = sum(len(yamnet.patches(waveform)) for waveform in waveforms)
    seconds = sum(map(len, waveforms)) / 16_000
    n_cores = len(os.sched_getaffinity(0))
    print(f"{len(waveforms)} waveforms, {seconds:.0f} s, {n_patches} patches, {n_cores} cores")

    sides = {"clip by clip": clip_by_clip(options.model)}
    sides["emodist, 1 thread"] = batched(options.model, 1)
    sides[f"emodist, {n_cores} threads"] = batched(options.model, n_cores)
    sides[f"emodist, {n_cores} workers"] = workers(options.model, n_cores)
    results = {name: run(waveforms) for name, run in sides.items()}  # also warms up
    reference = results["clip by clip"]
    for name, rows in results.items():
        worst = np.max(np.abs(rows - reference) / (np.abs(reference) + 1e-1))
        print(f"{name}: largest relative difference {worst:.1e}")

    wall: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, run in sides.items():
            started, used = time.perf_counter(), time.process_time()
            run(waveforms)
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - used)
    base_cpu, base_wall = (statistics.median(t["clip by clip"]) for t in (cpu, wall))
    titles = ("CPU ms/patch", "wall ms/patch", "patches/s", "CPU x", "wall x")
    print(f"{'':20}" + "".join(f"{title:>15}" for title in titles))
    found: dict[str, dict[str, float]] = {}
    for name in sides:
        c, w = statistics.median(cpu[name]), statistics.median(wall[name])
        found[name] = {
            "cpu_ms_per_patch": 1e3 * c / n_patches,
            "wall_ms_per_patch": 1e3 * w / n_patches,
            "cpu_ratio": base_cpu / c,
            "wall_ratio": base_wall / w,
        }
        print(
            f"{name:20}{1e3 * c / n_patches:15.3f}{1e3 * w / n_patches:15.3f}"
            f"{n_patches / w:15.0f}{base_cpu / c:15.2f}{base_wall / w:15.2f}"
        )
    share = show_limit(options.model, waveforms, n_patches, options.rounds)
    about = {"n_waveforms": len(waveforms), "duration_s": seconds, "n_patches": n_patches}
    record.save(options, {**about, "cut_s": options.cut_s, "sides": found, "of_a_core": share})


def show_limit(model_uri, waveforms, n_patches, rounds):
    model = yamnet.load(model_uri, backend="litert", n_threads=1)
    inputs = [yamnet.log_mel(waveform) for waveform in waveforms]
    a = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)
    network: list[float] = []
    product: list[float] = []
    with threadpool_limits(1):
        for _ in range(rounds + 1):  # the first warms up
            used = time.process_time()
            model.embed_clips(inputs)
            network.append(2e-9 * MULTIPLICATIONS * n_patches / (time.process_time() - used))
            used = time.process_time()
            for _ in range(10):
                a @ a
            product.append(2e-8 * MATRIX**3 / (time.process_time() - used))
    ours, limit = statistics.median(network[1:]), statistics.median(product[1:])
    print(
        f"network alone {ours:.0f} GFLOP/s, matrix product {limit:.0f} GFLOP/s "
        f"on one core: {ours / limit:.2f}"
    )
    return ours / limit


def clip_by_clip(model_uri: str):
    import tensorflow_hub as hub

    model = hub.load(model_uri)

    def run(waveforms):
        rows = []
        for waveform in waveforms:
            _scores, embeddings, _log_mel = model(waveform)
            rows.append(embeddings.numpy().mean(axis=0))
        return np.stack(rows)

    return run


def batched(model_uri: str, n_threads: int):
    model = yamnet.load(model_uri, backend="litert", n_threads=n_threads)

    def run(waveforms):
        clips = model.embed_clips([yamnet.log_mel(waveform) for waveform in waveforms])
        return np.stack([yamnet.aggregate(embeddings)[:, 0] for embeddings, _ in clips])

    return run


def workers(model_uri: str, n_workers: int):
    runs = [batched(model_uri, 1) for _ in range(n_workers)]
    pool = ThreadPoolExecutor(n_workers)

    def run(waveforms):
        shares = [waveforms[i::n_workers] for i in range(n_workers)]
        done = list(pool.map(lambda run, share: run(share), runs, shares))
        rows = np.empty((len(waveforms), done[0].shape[1]), np.float32)
        for i, share in enumerate(done):
            rows[i::n_workers] = share
        return rows

    return run


def read(folder: Path, n_clips: int, cut_s: float | None) -> list[np.ndarray]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
    if not paths:
        raise SystemExit(f"no {' or '.join(SOUNDS)} files in {folder}")
    waveforms = []
    for path in paths[:: max(1, len(paths) // n_clips)][:n_clips]:
        samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        if sample_rate != 16_000:
            raise SystemExit(f"{path} has {sample_rate} Hz; this benchmark wants 16000")
        waveform = samples.mean(axis=1)
        step = len(waveform) if cut_s is None else int(cut_s * sample_rate)
        waveforms += [waveform[i : i + step] for i in range(0, len(waveform), step)]
    return waveforms


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of 16 kHz .flac or .wav files")
    parser.add_argument("--model", required=True, help="YAMNet SavedModel folder or address")
    parser.add_argument("--clips", type=int, default=48, help="how many files (default 48)")
    parser.add_argument("--cut-s", type=float, help="cut files into segments of so many seconds")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of")
    record.add_option(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
