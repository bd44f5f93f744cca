"""What an archive of 10,000 or 1,000,000 hours asks of the driver, without its media.

    python benchmarks/simulate.py [--files 100000,1000000,10000000] [--workers 1000]
    python benchmarks/simulate.py --cost FOLDER     core-hours, bytes and cost, from some videos

The code is the job's own (`media_job._list`, `planning.extend`, `output.pending`,
`drop_superseded`, `tidy`, `totals`); only the bucket is made up: a filesystem `fake://` that lists
videos of six minutes and 36 MB, a thousand in a folder, so that 100,000 files are 10,000 hours.
Published groups are real Parquet files without rows. Each step runs in a process of its own: CPU
time, and the peak of its memory above what an idle one has.

`listing` walks through the bucket and does nothing else, which a real one makes as slow as its
network; `planning` is what the plan of all files takes beside that, and `wall` is both. `metadata`
is what OUT/plan holds on disk, and `shard` what a worker takes to read its shard from it. `resume`
is what the same command does once all is done: read the plan, list, see that nothing is new, and
find no shard left among the receipts; `summary` is the end of a run: counts over all tables.
"""

import argparse
import datetime
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fsspec
import record

DEFAULT = "100000,1000000,10000000"
FILE_S = 360.0
FILE_BYTES = 36_000_000
MODIFIED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
WINDOW_S = 4.0
PRICE_PER_CPU_H = 0.05
N_CPUS = 64


class Fake(fsspec.AbstractFileSystem):
    """A bucket `fake://N` of N videos that nobody has."""

    protocol = "fake"
    cachable = False

    def info(self, path, **_):
        return {"name": self._strip_protocol(path), "type": "directory", "size": 0}

    def ls(self, path, detail=True, **_):
        root, _, channel = self._strip_protocol(path).partition("/")
        n_files = int(root)
        if not channel:
            folders = (f"{root}/channel_{k:05d}" for k in range(-(-n_files // 1000)))
            return [{"name": name, "type": "directory", "size": 0} for name in folders]
        first = 1000 * int(channel.removeprefix("channel_"))
        files = range(first, min(first + 1000, n_files))
        return [self._entry(f"{root}/{channel}/{i:08d}.mp4", i) for i in files]

    def _entry(self, name, i):
        size = FILE_BYTES + i % 1000
        return {"name": name, "size": size, "type": "file", "ETag": f'"{i:032x}"',
                "LastModified": MODIFIED}  # fmt: skip


fsspec.register_implementation("fake", Fake)


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first(settings):
    """Listing and planning, as the first run does them."""
    from emodist.media import listing, output
    from emodist.media.plan_log import PlanLog
    from emodist.pipelines import media_job, planning

    idle, clock = peak_mb(), time.process_time()
    for _ in listing.media_files(settings.path):
        pass
    listed = time.process_time() - clock
    output.begin(settings)
    clock, wall = time.process_time(), time.monotonic()
    log = PlanLog(settings.out)
    planning.extend(log, media_job._list(settings), settings)
    work = output.pending(settings.out, log.work())
    both, wall = time.process_time() - clock, time.monotonic() - wall
    planned_mb = peak_mb() - idle
    files = list((Path(settings.out) / "plan").iterdir())
    return {
        "listing_s": listed,
        "planning_s": both - listed,
        "wall_s": wall,
        "planning_mb": planned_mb,
        "metadata_mb": sum(file.stat().st_size for file in files) / 2**20,
        "shard_ms": 1000 * one_shard_s(settings.out, work),
        "shards": work.num_rows,
        "groups": len(work["group"].unique()),
    }


def one_shard_s(out, work):
    """CPU time of a worker to find out what its shard is."""
    from emodist.media import plan_log

    some = work.take(list(range(0, work.num_rows, work.num_rows // 50 or 1))).to_pylist()
    clock = time.process_time()
    for reference in some:
        plan_log.shard(out, reference)
    return (time.process_time() - clock) / len(some)


def publish(settings):
    """The output of a run that is done: a file without rows for every group and table."""
    from emodist.media import shards
    from emodist.media.plan_log import PlanLog
    from emodist.tables import parquet

    groups = PlanLog(settings.out).work()["group"].unique().to_pylist()
    for table, schema in shards.table_schemas(settings).items():
        with parquet.writer(f"{settings.out}/{table}/first.parquet", schema):
            pass
        one = Path(settings.out) / table / "first.parquet"
        for k, group in enumerate(groups):
            # A file has no more than 65,000 names.
            if k % 50_000 == 0:
                shutil.copy(one, one.with_name("source"))
            os.link(one.with_name("source"), one.with_name(f"{group}.parquet"))
        one.unlink()
        one.with_name("source").unlink()
    return {}


def again(settings):
    """What the same command does when all is done."""
    from emodist.media import output
    from emodist.media.plan_log import PlanLog
    from emodist.pipelines import media_job, planning

    idle, clock = peak_mb(), time.process_time()
    log = PlanLog(settings.out)
    planning.extend(log, media_job._list(settings), settings)
    assert output.pending(settings.out, log.work()).num_rows == 0
    seen, seen_mb = time.process_time() - clock, peak_mb() - idle
    output.drop_superseded(settings.out, log.superseded())
    output.tidy(settings.out)
    output.totals(settings.out)
    return {
        "resume_s": seen,
        "resume_mb": seen_mb,
        "summary_s": time.process_time() - clock - seen,
        "summary_mb": peak_mb() - idle,
    }


STEPS = {"first": first, "publish": publish, "again": again}


def run_step(step, n_files, out, workers):
    """In a process of its own, so that each has a peak of its own."""
    words = [sys.executable, __file__, "--step", step, "--files", str(n_files)]
    done = subprocess.run(
        [*words, "--out", out, "--workers", str(workers)], stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def show(sizes, workers):
    columns = ("listing_s", "planning_s", "wall_s", "planning_mb", "metadata_mb", "shard_ms")
    columns = (*columns, "resume_s", "resume_mb", "summary_s", "summary_mb", "shards", "groups")
    print(f"{'files':>10} {'hours':>10}", *(f"{name:>12}" for name in columns))
    by_size = {}
    for n_files in sizes:
        with tempfile.TemporaryDirectory() as out:
            found = {}
            for step in STEPS:
                found |= run_step(step, n_files, out, workers)
        figures = (
            f"{found[name]:12,.1f}" if "_" in name else f"{found[name]:12,}" for name in columns
        )
        print(f"{n_files:10,} {n_files * FILE_S / 3600:10,.0f}", *figures, flush=True)
        seconds = found["listing_s"] + found["planning_s"]
        print(
            f"{'each file':>21}  {1e6 * seconds / n_files:.1f} us to list and plan, "
            f"{2**20 * found['planning_mb'] / n_files:.0f} bytes of memory, "
            f"{2**20 * found['metadata_mb'] / n_files:.1f} bytes of plan"
        )
        by_size[n_files] = {"hours": n_files * FILE_S / 3600, **found}
    return {"sizes": by_size, "workers": workers}


def show_cost(folder):
    """What `emodist plan` measures on some videos, for archives of such."""
    from emodist import features

    measured = {
        "without log_mel": measure(folder, without_images()),
        "with log_mel": measure(folder, features.DEFAULT),
    }
    by_hours = {}
    for name, found in measured.items():
        print(name, *(f"{key} {value:.4g}" for key, value in found.items()), sep="   ")
    print(f"cost: at {PRICE_PER_CPU_H} for a CPU hour")
    titles = ("features", "core-hours", f"on {N_CPUS} CPUs", "cost", "GB")
    print(f"{'hours':>10}", *(f"{title:>16}" for title in titles))
    for hours in (1_000, 10_000, 100_000, 1_000_000):
        for name, found in measured.items():
            start_h = (found["driver_start_s"] + N_CPUS * found["worker_start_s"]) / 3600
            core_h = start_h + hours * found["cpu_ms_per_s"] / 1000
            gigabytes = hours * 3600 * found["bytes_per_s"] / 1e9
            by_hours.setdefault(hours, {})[name] = {
                "core_h": core_h,
                "wall_h": core_h / N_CPUS,
                "cost": core_h * PRICE_PER_CPU_H,
                "gb": gigabytes,
            }
            print(
                f"{hours:10,} {name:>16} {core_h:16,.1f} {core_h / N_CPUS:14.2f} h "
                f"{core_h * PRICE_PER_CPU_H:16,.2f} {gigabytes:16,.0f}"
            )
    about = {"price_per_cpu_h": PRICE_PER_CPU_H, "cpus": N_CPUS, "window_s": WINDOW_S}
    return {**about, "measured": measured, "hours": by_hours}


def measure(folder, names):
    """CPU time and bytes for a second of sound, and CPU seconds that a process takes to start."""
    from emodist.media import listing
    from emodist.media.settings import FeaturizeSettings
    from emodist.pipelines import sample

    settings = FeaturizeSettings(path=folder, out="-", features=names, segment_s=WINDOW_S)
    sampled = sample.run(list(listing.media_files(folder)), settings)
    audio_s = sum(file.audio_s for file in sampled.files)
    return {
        "audio_s": audio_s,
        "cpu_ms_per_s": 1000 * sum(file.work_s for file in sampled.files) / audio_s,
        "bytes_per_s": sum(file.bytes for file in sampled.files) / audio_s,
        "worker_start_s": sampled.worker_start_s,
        "driver_start_s": sampled.driver_start_s,
        "worker_mb": sampled.worker_bytes / 1e6,
    }


def without_images():
    """The features of `jobs/featurize.yaml`: what an archive should have."""
    from emodist import features

    return tuple(name for name in features.DEFAULT if name != "log_mel")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("--workers", type=int, default=1000, help="of the cluster; default: 1000")
    parser.add_argument("--cost", metavar="FOLDER", help="the table of core-hours and cost")
    record.add_option(parser)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cost:
        return record.save(given, show_cost(given.cost), "cost")
    sizes = [int(size) for size in given.files.split(",")]
    if not given.step:
        return record.save(given, show(sizes, given.workers))
    from emodist.media.settings import FeaturizeSettings

    settings = FeaturizeSettings(
        path=f"fake://{sizes[0]}",
        out=given.out,
        workers=given.workers,
        segment_s=WINDOW_S,
        features=without_images(),
    )
    print(json.dumps(STEPS[given.step](settings)))


if __name__ == "__main__":
    main()
