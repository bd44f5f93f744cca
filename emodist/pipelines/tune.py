"""One run of a sweep: claim the folder, do the trials that are left, sum up.

Trials are pure functions of a row, so Ray Tune and a pool of processes run the same code, and
`emodist.sweeps` proposes, prunes and keeps the receipts for both.
"""

import dataclasses
import datetime
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from emodist import registry, storage
from emodist.errors import ConfigError, EmodistError
from emodist.pipelines import bars
from emodist.sweeps import output, trials
from emodist.sweeps.trials import Kind, Refits, Row, Stepwise, Sweep, SweepSettings
from emodist.sweeps.tuned import Tuned


def run(table: str, settings: SweepSettings, out: str) -> Tuned:
    """Bring a sweep to its number of trials; what earlier runs finished is not done again.

    Raises
    ------
    ConfigError, OutputError
        If the request is wrong, or the folder belongs to another sweep.
    EmodistError
        If no trial has a score.
    """
    out = storage.absolute(out)
    clock = time.monotonic()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    entry: type[Kind] = registry.get("tuning", settings.identity()["kind"])
    kind = entry.load(table, settings)
    if "GPU" in settings.resources():
        # Before anything is written: Ray would wait for a GPU for ever.
        _connect(settings)
    record, name = output.begin(out, kind, settings)
    before = trials.saved_rows(out, kind)
    with Progress() as progress:

        def stopped(rows: list[Row]) -> None:
            output.save_trials(out, kind, rows)

        sweep, n_workers = _bring(kind, settings, before, out, progress, stopped)
    refits = kind.refits(sweep.rows)
    refitted = [] if refits is None else _refitted(refits, settings, out)
    conclusion = kind.conclude([*sweep.rows, *refitted])
    if conclusion["best"] is None:
        output.save_trials(out, kind, sweep.rows)
        raise EmodistError(
            f"no trial has a score: {_why(sweep.rows)}; {out}/trials.parquet has all"
        )
    output.finish(out, kind, sweep.rows, conclusion)
    about = {"found": conclusion, "trials": trials.counts(sweep.rows)}
    new = sweep.rows[len(before) :]
    if new or not record["runs"]:
        this = {
            "started": started,
            "trials": len(new),
            "seconds": round(time.monotonic() - clock, 2),
            "cpu_s": round(sum(row["cpu_s"] for row in new), 2),
            **progress.use(n_workers),
            "engine": settings.engine,
            "workers": n_workers,
        }
        record = output.save_run(out, name, this, about)
    else:
        record = output.save(out, about)
    return Tuned(out, {**record, "out": out}, kind, sweep.rows, len(new))


def _bring(
    kind: Stepwise,
    settings: SweepSettings,
    before: list[Row],
    out: str,
    progress: "Progress",
    stopped: Callable[[list[Row]], None] = lambda rows: None,
) -> tuple[Sweep, int]:
    """A sweep with all of its trials, and the number of workers that did those that were left."""

    def heard(row: Row) -> None:
        trials.save_row(out, kind, row)
        progress.show(row, sweep)

    sweep = Sweep(kind, settings, before, heard, out)
    if not sweep.n_waiting:
        return sweep, 0
    progress.begin(sweep)
    try:
        return sweep, _work(kind, sweep, settings)
    except KeyboardInterrupt:
        stopped(sweep.rows)
        raise


def _refitted(refits: Refits, settings: SweepSettings, out: str) -> list[Row]:
    """Winners that were fitted again; one that failed is tried again by the next run."""
    folder = storage.join(out, "refits")
    before = [
        row
        for row in trials.saved_rows(folder, refits)
        if row["status"] == "done" and refits.holds(row)
    ]
    once = dataclasses.replace(settings, trials=1, search="sobol")
    with Progress("winner") as progress:
        sweep, _ = _bring(refits, once, before, folder, progress)
    storage.remove(storage.join(folder, "unfinished"))
    return sweep.rows


def _work(kind: Stepwise, sweep: Sweep, settings: SweepSettings) -> int:
    """The number of workers that did the trials."""
    needs = settings.resources()
    if settings.engine == "local":
        from emodist.pipelines import tune_local

        most = max(1, int((os.cpu_count() or 1) / needs["CPU"]))
        n_workers = min(settings.workers or most, sweep.n_waiting)
        tune_local.work(kind, sweep, n_workers, settings.STEPS_PER_PROCESS)
        return n_workers
    from emodist.pipelines import tune_ray

    there = _connect(settings)
    most = min(int(there[name] / needed) for name, needed in needs.items())
    n_workers = min(settings.workers or most, sweep.n_waiting)
    tune_ray.work(kind, sweep, n_workers, needs, settings.STEPS_PER_PROCESS is None)
    return n_workers


def _connect(settings: SweepSettings) -> dict[str, float]:
    """What the cluster has, once this process has joined it.

    Raises
    ------
    ConfigError
        If a trial needs more than all of it.
    """
    from emodist.pipelines import ray_engine, tune_ray

    needs = settings.resources()
    # A cluster that is started here has the CPUs that the workers need.
    n_cpus = settings.workers and settings.workers * int(needs["CPU"])
    n_joined = ray_engine.connect(settings.address, n_cpus)
    there = {"CPU": float(n_joined), "GPU": tune_ray.n_gpus()}
    for name, needed in needs.items():
        if needed > there[name]:
            what = f"{name.lower()}s_per_trial"
            raise ConfigError(
                f"{what}={needed:g}, but the cluster has {there[name]:g} {name}s; take a smaller "
                f"{what}" + (", 0 for none" if name == "GPU" else "")
            )
    return there


class Progress:
    """Trials done, best so far and time left, on stderr: a bar, or now and then a line."""

    def __init__(self, unit: str = "trial"):
        self._unit = unit

    def __enter__(self) -> "Progress":
        self._is_terminal = bars.is_watched()
        self._nowhere = open(os.devnull, "w")
        self._bar: Any = None
        self._shown = time.monotonic()
        self._finished: list[tuple[float, Row]] = []
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        self._nowhere.close()

    def begin(self, sweep: Sweep) -> None:
        self._bar = bars.new(
            total=sweep.total,
            initial=sweep.total - sweep.n_waiting,
            unit=self._unit,
            file=sys.stderr if self._is_terminal else self._nowhere,
        )

    def show(self, row: Row, sweep: Sweep) -> None:
        self._finished.append((time.monotonic(), row))
        words = [f"failed {trials.counts(sweep.rows)['failed']}"]
        if self._unit == "trial":
            best = trials.best(sweep.rows, sweep.kind.searches[0])
            words.insert(0, f"best {'-' if best is None else format(best['score'], '.3f')}")
        self._bar.set_postfix_str(", ".join(words), refresh=False)
        self._bar.update()
        if not self._is_terminal and time.monotonic() - self._shown > bars.LINE_EVERY_S:
            self._shown = time.monotonic()
            print(self._bar, file=sys.stderr, flush=True)

    def use(self, n_workers: int) -> dict[str, float | None]:
        """Shares of the workers' time while all of them had work: in a trial, and on a CPU.

        The two differ by what else the machine does.
        """
        steady = self._finished[: len(self._finished) - n_workers + 1]
        if len(steady) < 2 * n_workers:
            return {"workers_busy": None, "cores_busy": None}
        seconds = (steady[-1][0] - steady[0][0]) * n_workers
        in_trials, on_cpu = (
            sum(row[name] for _, row in steady[1:]) / seconds for name in ("seconds", "cpu_s")
        )
        return {"workers_busy": round(in_trials, 3), "cores_busy": round(on_cpu, 3)}


def _why(rows: list[Row]) -> str:
    """The commonest reason."""
    reasons = [row["message"] or f"{row['status']}, without a score" for row in rows]
    return max(reasons, key=reasons.count)
