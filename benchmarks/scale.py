"""Whether time per file and memory stay flat as folders grow, and what scheduling costs.

    python benchmarks/scale.py [FOLDER] [--sizes 100,1000,10000] [--engine local]
    python benchmarks/scale.py [FOLDER] --pool      against a plain multiprocessing.Pool

FOLDER holds FLAC or WAV clips (RAVDESS beside the repository by default; ten are made if there is
none); larger folders hold links to them under other names. `emodist featurize` runs as its users
run it, with default features; `again` is the same command once more, when nothing is left to do.

Linux only. CPU time and peak memory are those of the whole tree of processes, from /proc five
times a second: memory is VmHWM, as a Linux child inherits ru_maxrss from its parent. `ms/file` is
wall time over files, and `CPU ms more` the CPU time of each file beyond the line above, so without
the start of the processes. `others` is how many cores other programs kept busy meanwhile: where it
is not near zero, wall times say little. Sizes, or ways, run in turn, and medians count.
"""

import argparse
import itertools
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import record

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data" / "ravdess"
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_EVERY_S = 0.2
# Like emodist's own shards for such a folder.
CHUNK_FILES = 512
# What Ray may cost: the requirement that --pool checks.
RAY_LIMIT = 1.3


@dataclass
class Cost:
    """What a command and its descendants took; `child_mb` is of the largest."""

    wall_s: float
    cpu_s: float
    driver_mb: float
    child_mb: float
    others: float


def measure(command):
    """Run a command to its end; output only if it fails."""
    env = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), str(HERE.parent), *sys.path]))
    with tempfile.TemporaryFile("w+") as log:
        start, busy_before_s = time.monotonic(), busy_s()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        peaks, times = {}, {}
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            sample(process.pid, peaks, times)
            time.sleep(SAMPLE_EVERY_S)
        wall_s = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{log.read()}")
    # Neither sees all: Ray's workers are not waited for, and the last moment is not sampled.
    cpu_s = max(usage.ru_utime + usage.ru_stime, sum(times.values()))
    driver_mb = peaks.pop(process.pid, 0.0)
    others = max(0.0, busy_s() - busy_before_s - cpu_s) / wall_s
    return Cost(wall_s, cpu_s, driver_mb, max(peaks.values(), default=0.0), others)


def busy_s():
    """CPU seconds that the machine has spent on anything, or lost to its host."""
    user, nice, system, _idle, _wait, *others = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, *others))) / TICKS


def sample(root, peaks, times):
    """Take note of the peak memory in MB, and the CPU seconds, of `root` and its descendants."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            # A command's name may hold spaces and brackets.
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
    known = {root, *times}  # those seen before stay, also when their parent is gone
    while new := {pid for pid, (parent, _) in found.items() if parent in known} - known:
        known |= new
    for pid in known & found.keys():
        times[pid] = max(found[pid][1], times.get(pid, 0.0))
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        # The last value counts, not the largest: before its exec a child shows its parent's.
        if "VmHWM:" in status:
            peaks[pid] = int(status.split("VmHWM:")[1].split()[0]) / 1024


def featurize(folder, out, engine, n_workers):
    return [
        *(sys.executable, "-m", "emodist", "featurize", str(folder), "--out", str(out)),
        *("--engine", engine, "--workers", str(n_workers), "--json"),
    ]


def link(clips, folder, n_files):
    """`n_files` links to the clips under other names, a thousand in a folder."""
    for index, clip in zip(range(n_files), itertools.cycle(clips)):
        target = folder / f"{index // 1000:03d}" / f"{index:06d}{clip.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(clip.resolve())


def find_clips(folder, place):
    clips = sorted(folder.rglob("*.flac")) + sorted(folder.rglob("*.wav"))
    if not clips:
        print(f"no clips in {folder}; ten are made", file=sys.stderr)
        code = f"import decode; decode.make_clips({str(place)!r}, 'wav')"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE)
        clips = sorted(place.glob("*.wav"))
    return clips


def show_flatness(clips, sizes, engine, n_rounds, n_workers, place):
    for n_files in sizes:
        link(clips, place / f"in_{n_files}", n_files)
    first = {n_files: [] for n_files in sizes}
    again = {n_files: [] for n_files in sizes}
    for _ in range(n_rounds):
        for n_files in sizes:
            with tempfile.TemporaryDirectory(dir=place) as out:
                command = featurize(place / f"in_{n_files}", f"{out}/out", engine, n_workers)
                first[n_files].append(measure(command))
                again[n_files].append(measure(command))
    title = f"engine {engine}, {n_workers} workers, medians of {n_rounds}"
    print(f"{title:75}again")
    print(
        f"{'files':>7} {'wall s':>7} {'CPU s':>7} {'ms/file':>8} {'CPU ms more':>12}"
        f" {'driver MB':>10} {'child MB':>9} {'others':>7}   {'wall s':>7} {'driver MB':>10}"
    )
    before, found = None, {}
    for n_files in sizes:
        cost, rerun = median(first[n_files]), median(again[n_files])
        more = ""
        if before:
            more = f"{1000 * (cost.cpu_s - before[1].cpu_s) / (n_files - before[0]):.2f}"
        print(
            f"{n_files:7} {cost.wall_s:7.1f} {cost.cpu_s:7.1f} {1000 * cost.wall_s / n_files:8.2f}"
            f" {more:>12} {cost.driver_mb:10.0f} {cost.child_mb:9.0f}"
            f" {cost.others:7.2f}   {rerun.wall_s:7.1f} {rerun.driver_mb:10.0f}"
        )
        found[n_files] = {"first": asdict(cost), "again": asdict(rerun)}
        if before:
            found[n_files]["cpu_ms_more"] = float(more)
        before = n_files, cost
    return found


def median(costs):
    return Cost(*(statistics.median(values) for values in zip(*map(astuple, costs), strict=True)))


def compare_with_pool(clips, n_files, n_rounds, n_workers, place):
    folder = place / "in"
    link(clips, folder, n_files)
    plain = f"import scale; scale.plain_pool({str(folder)!r}, {{!r}}, {n_workers})"
    spent = {name: [] for name in ("Pool", "local", "ray")}
    print(f"{n_files} files, {n_workers} workers")
    print(f"{'round':>5}   {'':7} {'wall s':>7} {'CPU s':>7}   wall / Pool   CPU / Pool   others")
    for number in range(1, n_rounds + 1):
        for name, costs in spent.items():
            with tempfile.TemporaryDirectory(dir=place) as out:
                if name == "Pool":
                    command = [sys.executable, "-c", plain.format(out)]
                else:
                    command = featurize(folder, f"{out}/out", name, n_workers)
                costs.append(measure(command))
            show(number, name, costs[-1:], spent["Pool"][-1:])
    found = {"n_files": n_files}
    for name, costs in spent.items():
        show("all", name, costs, spent["Pool"])
        ratio = median_ratio(costs, spent["Pool"], "wall_s")
        found[name] = {**asdict(median(costs)), "wall_ratio": ratio}
    ratio = median_ratio(spent["ray"], spent["Pool"], "wall_s")
    verdict = "within" if ratio <= RAY_LIMIT else "ABOVE"
    print(f"Ray takes {ratio:.2f} times the wall time of Pool: {verdict} {RAY_LIMIT}")
    if median(spent["Pool"]).wall_s < 60:
        print("too little work: Pool should take over a minute; raise --files", file=sys.stderr)
    return found


def show(number, name, costs, pool):
    cost = median(costs)
    wall, cpu = (median_ratio(costs, pool, key) for key in ("wall_s", "cpu_s"))
    columns = f"{number:>5}   {name:7} {cost.wall_s:7.1f} {cost.cpu_s:7.1f}"
    print(f"{columns}   {wall:11.2f}   {cpu:10.2f}   {cost.others:6.2f}", flush=True)


def median_ratio(costs, pool, key):
    """Each round against its own, so that what else the machine does falls on both."""
    ratios = [getattr(a, key) / getattr(b, key) for a, b in zip(costs, pool, strict=True)]
    return statistics.median(ratios)


def plain_pool(folder, out, n_workers):
    """What one would write without emodist's jobs: no plan, no resume, no isolation."""
    files = sorted(str(path) for path in Path(folder).rglob("*.*") if path.is_file())
    jobs = [
        (files[start : start + CHUNK_FILES], f"{out}/{start:07d}.parquet")
        for start in range(0, len(files), CHUNK_FILES)
    ]
    with multiprocessing.Pool(n_workers, initializer=prepare) as pool:
        n_rows = sum(pool.imap_unordered(write_chunk, jobs))
    if n_rows < len(files):
        sys.exit(f"{n_rows} rows of {len(files)} files")


def prepare():
    global stage
    from emodist.media import stages
    from emodist.media.settings import FeaturizeSettings

    stage = stages.Featurize(FeaturizeSettings(path="-", out="-"))


def write_chunk(job):
    import pyarrow as pa

    from emodist.tables import parquet

    files, target = job
    n_rows = 0
    with parquet.writer(target, stage.schema) as write:
        for message in stage({"uri": file, "recording_id": file} for file in files):
            if isinstance(message, pa.RecordBatch):
                write(message)
                n_rows += message.num_rows
    return n_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="clips to link to")
    parser.add_argument("--sizes", default="100,1000,10000", help="default: 100,1000,10000")
    parser.add_argument("--engine", choices=("local", "ray"), default="local")
    parser.add_argument("--workers", type=int, default=2, help="default: 2")
    parser.add_argument("--pool", action="store_true", help="compare with multiprocessing.Pool")
    parser.add_argument("--files", type=int, default=30_000, help="for --pool; default: 30000")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    record.add_option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        clips = find_clips(given.folder, place)
        # The first run on a machine compiles kernels.
        link(clips, place / "warm", 1)
        measure(featurize(place / "warm", place / "warm_out", "local", 1))
        if given.pool:
            found = compare_with_pool(clips, given.files, given.rounds, given.workers, place)
            record.save(given, found, "pool")
        else:
            sizes = [int(size) for size in given.sizes.split(",")]
            engine, rounds, workers = given.engine, given.rounds, given.workers
            figures = {"sizes": show_flatness(clips, sizes, engine, rounds, workers, place)}
            figures |= {"engine": engine, "workers": workers, "rounds": rounds}
            record.save(given, figures)


if __name__ == "__main__":
    main()
