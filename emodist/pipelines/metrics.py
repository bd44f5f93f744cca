"""What a running job says of itself: gauges in Ray's dashboard, and one JSON line a shard.

Ray sends the gauges to Prometheus as `ray_emodist_...`, each with the tag `job`. The driver keeps
them, from what comes back of the shards, so that a worker that dies takes no count with it.
"""

import dataclasses
import json
import logging
import time
from collections.abc import Callable

from ray.util.metrics import Gauge

from emodist.shards import ShardResult

logger = logging.getLogger("emodist")

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
    "cost": "CPUs of the job times its hours, at the price of a CPU hour",
}


class JobMetrics:
    """Counts of one job, shown as it goes.

    Parameters
    ----------
    job : str
        What tells this job from others in the dashboard: its submission id, or its output folder.
    n_files : int
        Of the whole job.
    n_cpus : int
        That the job occupies.
    price_per_cpu_h : float
        Of one CPU for an hour, in any currency; 0 where it is not known.
    clock : callable
        Seconds; a test hands its own in.
    """

    def __init__(
        self,
        job: str,
        n_files: int,
        n_cpus: int,
        price_per_cpu_h: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.job, self.n_files, self.n_cpus = job, n_files, n_cpus
        self.price_per_cpu_h, self.clock = price_per_cpu_h, clock
        self.started = clock()
        self.values = dict.fromkeys(GAUGES, 0.0)
        self.gauges = {
            name: Gauge(f"emodist_{name}", description=meaning, tag_keys=("job",))
            for name, meaning in GAUGES.items()
        }
        for gauge in self.gauges.values():
            gauge.set_default_tags({"job": job})
        self._show()

    def shard_done(self, result: ShardResult, n_files: int) -> None:
        """Count a shard of `n_files` files; those that an earlier run had done count as done."""
        values = self.values
        values["shards_done"] += 1
        values["files_done"] += n_files
        values["files_failed"] += result.n_failed
        values["audio_seconds"] += result.audio_s
        values["cpu_seconds"] += result.cpu_s
        self._show()
        logger.info(line(self.job, result, n_files))

    def _show(self) -> None:
        values, seconds = self.values, max(self.clock() - self.started, 1e-9)
        values["files_left"] = self.n_files - values["files_done"]
        values["times_real_time"] = values["audio_seconds"] / seconds
        if values["files_done"]:
            values["seconds_left"] = seconds * values["files_left"] / values["files_done"]
        values["cost"] = self.n_cpus * seconds / 3600 * self.price_per_cpu_h
        for name, gauge in self.gauges.items():
            gauge.set(values[name])


def line(job: str, result: ShardResult, n_files: int) -> str:
    """A line for a log that programs read: `{"job": ..., "shard": ..., "files": ...}`."""
    return json.dumps({"job": job, "files": n_files, **dataclasses.asdict(result)})
