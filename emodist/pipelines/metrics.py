"""What a running job says of itself: a line of progress, gauges in Ray's dashboard, JSON lines.

The driver counts what comes back of the shards, so that a worker that dies takes no count with it.

- The line stands on stderr; its numbers go into `run.json` when the work is done.
- Ray sends the gauges to Prometheus as `ray_emodist_...`, each with the tag `job`.
- The JSON lines, one a shard, are records of the logger `emodist` at INFO, which Python drops
  unless somebody asks for them: a laptop's user is not flooded. In a submitted job they go to
  stderr, which Ray keeps as the job's log (`ray job logs`, and a file that collectors read).
"""

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from emodist.media.shards import ShardResult

logger = logging.getLogger("emodist")

# Every JSON line begins so: whoever follows a log for a person leaves them out.
LINE_START = '{"job": '
# Ray tells the process of a submitted job who it is.
JOB_VARIABLE = "RAY_JOB_CONFIG_JSON_ENV_VAR"

# Name of each gauge, and what the dashboard says of it.
GAUGES = {
    "files_done": "files that are done, failed ones included",
    "files_left": "files that are still to be done",
    "files_failed": "files that could not be processed",
    "shards_done": "shards that are done",
    "audio_seconds": "seconds of sound that were processed",
    "cpu_seconds": "seconds of CPU time that the files took",
    "times_real_time": "seconds of sound for each second of the job",
    "seconds_left": "predicted seconds to the end",
    "cpus": "CPUs that the job occupies",
    "occupied_cpu_hours": "CPUs of the job times its hours",
    "cost": "occupied CPU hours at the price of one; 0 without a price",
}


class Size(NamedTuple):
    """Of a shard, before it is done."""

    n_files: int
    predicted_s: float


class Progress:
    """Counts of one job as it goes.

    Parameters
    ----------
    sizes : mapping of shard to Size
        The whole job.
    n_cpus : callable
        How many CPUs the job occupies at the moment; a cluster grows and shrinks.
    price_per_cpu_h : float, optional
        Of one CPU for an hour, in any currency.
    clock : callable
        Seconds; a test hands its own in.

    Attributes
    ----------
    values : dict
        The number of each of `GAUGES`.
    most_cpus : int
        The most CPUs that were occupied at once.
    """

    def __init__(
        self,
        sizes: Mapping[str, Size],
        n_cpus: Callable[[], int],
        price_per_cpu_h: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.sizes, self.n_cpus, self.clock = sizes, n_cpus, clock
        self.price_per_cpu_h = price_per_cpu_h
        self.n_files = sum(size.n_files for size in sizes.values())
        self.started = self.seen = clock()
        self.most_cpus = 0
        self.values = dict.fromkeys(GAUGES, 0.0)
        self.values["files_left"] = self.n_files
        # Predicted seconds of sound: an hour of film is not as soon done as a clip.
        self._left = sum(size.predicted_s for size in sizes.values())
        self._worked = 0.0

    def shard_done(self, result: ShardResult) -> None:
        """Count a shard; one that an earlier run had done counts as done, and as no work."""
        values, size = self.values, self.sizes[result.shard]
        values["shards_done"] += 1
        values["files_done"] += size.n_files
        values["files_failed"] += result.n_failed
        values["audio_seconds"] += result.audio_s
        values["cpu_seconds"] += result.cpu_s
        self._left -= size.predicted_s
        if result.n_recordings or result.n_failed:
            self._worked += size.predicted_s
        self.look()

    def look(self) -> None:
        """Bring up to date what changes with time."""
        values, now = self.values, self.clock()
        values["cpus"] = n_cpus = self.n_cpus()
        self.most_cpus = max(self.most_cpus, n_cpus)
        values["occupied_cpu_hours"] += n_cpus * (now - self.seen) / 3600
        values["cost"] = values["occupied_cpu_hours"] * (self.price_per_cpu_h or 0.0)
        self.seen = now
        seconds = max(now - self.started, 1e-9)
        values["files_left"] = self.n_files - values["files_done"]
        values["times_real_time"] = values["audio_seconds"] / seconds
        if not values["files_left"]:
            values["seconds_left"] = 0.0
        elif self._worked:
            values["seconds_left"] = seconds * self._left / self._worked

    def __str__(self) -> str:
        values = self.values
        parts = [
            f"failed {values['files_failed']:.0f}",
            f"{values['times_real_time']:.0f}x real time on {values['cpus']:.0f} CPUs",
        ]
        if self.price_per_cpu_h is not None:
            parts.append(f"cost {values['cost']:.4g}")
        if self._worked:
            minutes, seconds = divmod(round(values["seconds_left"]), 60)
            parts.append(f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d} left")
        return ", ".join(parts)

    def spent(self) -> dict[str, float]:
        """What the work took, for `run.json`; a cost where there is a price."""
        figures = {"occupied_cpu_h": round(self.values["occupied_cpu_hours"], 6)}
        if self.price_per_cpu_h is not None:
            figures |= {
                "price_per_cpu_h": self.price_per_cpu_h,
                "cost": round(self.values["cost"], 6),
            }
        return figures


def dashboard(job: str) -> Callable[[Mapping[str, float]], None]:
    """Shows the values of a job in the dashboard of the cluster that this process has joined."""
    from ray.util.metrics import Gauge

    gauges = {
        name: Gauge(f"emodist_{name}", description=meaning, tag_keys=("job",))
        for name, meaning in GAUGES.items()
    }

    def show(values: Mapping[str, float]) -> None:
        for name, gauge in gauges.items():
            gauge.set(values[name], {"job": job})

    return show


def submitted_job() -> str | None:
    """The submission id, where this process is the driver of a submitted job."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        told = json.loads(os.environ.get(JOB_VARIABLE, "{}"))
        return told.get("metadata", {}).get("job_submission_id")
    return None


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """In a submitted job, the JSON lines go to stderr; elsewhere to whoever wants them."""
    if submitted_job() is None:
        yield
        return
    handler, level = logging.StreamHandler(sys.stderr), logger.level
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(lambda record: record.getMessage().startswith(LINE_START))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def line(job: str, result: ShardResult, n_files: int) -> str:
    """`{"job": ..., "shard": ..., "files": ..., ...}` for a log that programs read."""
    return json.dumps(
        {
            "job": job,
            "shard": result.shard,
            "files": n_files,
            "failed": result.n_failed,
            "audio_s": round(result.audio_s, 3),
            "cpu_s": round(result.cpu_s, 3),
        }
    )
