"""What an archive of 10,000 or 1,000,000 hours asks of the driver, without its media.

    python benchmarks/simulate.py [--files 100000,1000000] [--workers 1000]
    python benchmarks/simulate.py --cost      the README's table of core-hours, bytes and cost

The code is the job's own (`media_job._list` and `_plan`, `output.pending`, `drop_stale`, `tidy`,
`totals`); only the bucket is made up: a filesystem `fake://` that lists videos of six minutes and
36 MB, a thousand in a folder, so that 100,000 files are 10,000 hours. Published groups are real
Parquet files without rows. Each line runs in a process of its own: CPU time, and the peak of its
memory above what an idle one has.

`listing` is a first look, `planning` the plan of all files, `metadata` what OUT/plan holds on disk;
`resume` is what the same command does once all is done: read the plan, list, see that nothing is
new, and find no shard left among the receipts.
"""

import argparse
import datetime
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fsspec

FILE_S = 360.0
FILE_BYTES = 36_000_000
MODIFIED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
# Measured figures, for --cost. CPU time of a second of sound in a video, file to Parquet rows:
# `benchmarks/end_to_end.py`, a 10-minute MP4. CPU time of the start of a worker, and bytes on the
# disk of a window of 4 s: `emodist plan` on four vlogs (226 windows), once with the default
# features and once with ten of them, without the image `log_mel`.
CPU_MS_PER_S = 1.17
START_CPU_S = 1.2
WINDOW_S = 4.0
WINDOW_BYTES = {"with log_mel": 8_882_777 / 226, "without": 316_105 / 226}
PRICE_PER_CPU_H = 0.05
N_CPUS = 64


class Fake(fsspec.AbstractFileSystem):
    """A bucket `fake://N` of N videos that nobody has."""

    protocol = "fake"
    cachable = False

    def info(self, path, **_):
        return {"name": self._strip_protocol(path), "type": "directory", "size": 0}

    def find(self, path, maxdepth=None, withdirs=False, detail=False, **_):
        root = self._strip_protocol(path)
        names = (f"{root}/channel_{i // 1000:05d}/{i:08d}.mp4" for i in range(int(root)))
        return {name: self._entry(name, i) for i, name in enumerate(names)}

    def _entry(self, name, i):
        size = FILE_BYTES + i % 1000
        return {"name": name, "size": size, "type": "file", "ETag": f'"{i:032x}"',
                "LastModified": MODIFIED}  # fmt: skip


fsspec.register_implementation("fake", Fake)


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first(settings):
    """Listing and planning, as the first run does them."""
    from emodist import output
    from emodist.pipelines import media_job

    idle, clock = peak_mb(), time.process_time()
    found = media_job._list(settings)
    listed, listed_mb = time.process_time() - clock, peak_mb() - idle
    output.claim(settings)
    clock = time.process_time()
    parts, _ = media_job._plan(settings, found, False)
    planned = time.process_time() - clock
    files = list((Path(settings.out) / "plan").iterdir())
    return {
        "listing_s": listed,
        "listing_mb": listed_mb,
        "planning_s": planned,
        "planning_mb": peak_mb() - idle,
        "metadata_mb": sum(file.stat().st_size for file in files) / 2**20,
        "shards": sum(part.num_rows for part in parts),
        "groups": len({name for part in parts for name in part["group"].to_pylist()}),
    }


def publish(settings):
    """The output of a run that is done: a file without rows for every group and table."""
    from emodist import plan, shards, tables

    groups = {name for part in plan.parts(settings.out) for name in part["group"].to_pylist()}
    for table, schema in shards.table_schemas(settings).items():
        with tables.parquet_writer(f"{settings.out}/{table}/first.parquet", schema):
            pass
        one = Path(settings.out) / table / "first.parquet"
        for group in groups:
            os.link(one, one.with_name(f"{group}.parquet"))
        one.unlink()
    return {}


def again(settings):
    """What the same command does when all is done."""
    from emodist import output
    from emodist.pipelines import media_job

    idle, clock = peak_mb(), time.process_time()
    found = media_job._list(settings)
    parts, _ = media_job._plan(settings, found, False)
    del found
    work = output.pending(settings.out, parts)
    assert work.num_rows == 0
    seen = time.process_time() - clock
    output.drop_stale(settings.out, parts)
    output.tidy(settings.out)
    output.totals(settings.out)
    return {
        "resume_s": seen,
        "summary_s": time.process_time() - clock - seen,
        "resume_mb": peak_mb() - idle,
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
    columns = ("listing_s", "planning_s", "planning_mb", "metadata_mb", "resume_s", "summary_s")
    columns = (*columns, "resume_mb", "shards", "groups")
    print(f"{'files':>10} {'hours':>10}", *(f"{name:>12}" for name in columns))
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


def show_cost():
    print(f"{CPU_MS_PER_S} CPU ms for a second of sound, {PRICE_PER_CPU_H} for a CPU hour; output:")
    for name, size in WINDOW_BYTES.items():
        print(f"  {name}: {size / WINDOW_S:,.0f} bytes for a second of sound")
    names = "".join(f" {f'GB {name}':>16}" for name in WINDOW_BYTES)
    print(f"{'hours':>10} {'core-hours':>11} {f'on {N_CPUS} CPUs':>12} {'cost':>8}{names}")
    for hours in (1_000, 10_000, 100_000, 1_000_000):
        core_h = hours * CPU_MS_PER_S / 1000 + N_CPUS * START_CPU_S / 3600
        sizes = (hours * 3600 / WINDOW_S * size / 1e9 for size in WINDOW_BYTES.values())
        columns = "".join(f" {size:16,.0f}" for size in sizes)
        cost = core_h * PRICE_PER_CPU_H
        print(f"{hours:10,} {core_h:11,.1f} {core_h / N_CPUS:10.2f} h {cost:8,.2f}{columns}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", default="100000,1000000", help="default: 100000,1000000")
    parser.add_argument("--workers", type=int, default=1000, help="of the cluster; default: 1000")
    parser.add_argument("--cost", action="store_true", help="the table of core-hours and cost")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cost:
        return show_cost()
    sizes = [int(size) for size in given.files.split(",")]
    if not given.step:
        return show(sizes, given.workers)
    from emodist.config import FeaturizeSettings

    settings = FeaturizeSettings(
        path=f"fake://{sizes[0]}", out=given.out, workers=given.workers, segment_s=4.0
    )
    print(json.dumps(STEPS[given.step](settings)))


if __name__ == "__main__":
    main()
