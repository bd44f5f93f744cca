"""One run of a sweep: claim the folder, do the trials that are left, sum up.

Trials are pure functions of a row, so Ray Tune and a pool of processes run the same code, and
`emodist.sweeps` proposes, prunes and keeps the receipts for both.
"""

import datetime
import os
import sys
import time
from typing import Any

from tqdm import tqdm

from emodist import registry, storage, sweep_files, sweeps
from emodist.errors import EmodistError
from emodist.sweeps import Kind, Row, Sweep, SweepSettings

# In a log, progress is a line once in so many seconds.
LINE_EVERY_S = 15.0


def run(table: str, settings: SweepSettings, out: str) -> tuple[dict[str, Any], str]:
    """Bring a sweep to its number of trials; what earlier runs finished is not done again.

    Returns
    -------
    record, text
        What `sweep.json` holds, and the same for a person.

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
    entry: Any = registry.get("tuning", settings.identity()["kind"])
    kind = entry.load(table, settings)
    record = sweep_files.claim(out, kind, settings)
    with Progress() as progress:

        def heard(row: Row) -> None:
            sweeps.save_row(out, kind, row)
            progress.show(row, sweep)

        before = sweeps.saved_rows(out, kind)
        sweep = Sweep(kind, settings, before, heard)
        n_workers = 0
        if sweep.n_waiting:
            progress.begin(sweep)
            try:
                n_workers = _work(kind, sweep, settings)
            except KeyboardInterrupt:
                sweep_files.save_trials(out, kind, sweep.rows)
                raise
    found = kind.conclude(sweep.rows)
    if found["best"] is None:
        sweep_files.save_trials(out, kind, sweep.rows)
        raise EmodistError(
            f"no trial has a score: {_why(sweep.rows)}; {out}/trials.parquet has all"
        )
    sweep_files.finish(out, kind, sweep.rows, found)
    record["found"] = found
    record["trials"] = sweeps.counts(sweep.rows)
    new = sweep.rows[len(before) :]
    if new or not record["runs"]:
        record["runs"].append(
            {
                "started": started,
                "trials": len(new),
                "seconds": round(time.monotonic() - clock, 2),
                "cpu_s": round(sum(row["cpu_s"] for row in new), 2),
                **progress.use(n_workers),
                "engine": settings.engine,
                "workers": n_workers,
            }
        )
    sweep_files.save(out, record)
    return {**record, "out": out}, sweep_files.text(record, kind, sweep.rows, len(new))


def _work(kind: Kind, sweep: Sweep, settings: SweepSettings) -> int:
    """The number of workers that did the trials."""
    if settings.engine == "local":
        from emodist.pipelines import tune_local

        n_workers = min(settings.workers or os.cpu_count() or 1, sweep.n_waiting)
        tune_local.work(kind, sweep, n_workers)
        return n_workers
    from emodist.pipelines import ray_engine, tune_ray

    joined: Any = settings
    n_cpus = ray_engine.connect(joined)
    n_workers = min(settings.workers or n_cpus, sweep.n_waiting)
    tune_ray.work(kind, sweep, n_workers)
    return n_workers


class Progress:
    """Trials done, best so far and time left, on stderr: a bar, or now and then a line."""

    def __enter__(self) -> "Progress":
        self._is_terminal = sys.stderr.isatty()
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
        self._bar = tqdm(
            total=sweep.total,
            initial=sweep.total - sweep.n_waiting,
            unit="trial",
            file=sys.stderr if self._is_terminal else self._nowhere,
        )

    def show(self, row: Row, sweep: Sweep) -> None:
        self._finished.append((time.monotonic(), row))
        best = sweeps.best(sweep.rows, sweep.kind.searches[0])
        failed = sweeps.counts(sweep.rows)["failed"]
        self._bar.set_postfix_str(
            f"best {'-' if best is None else format(best['score'], '.3f')}, failed {failed}",
            refresh=False,
        )
        self._bar.update()
        if not self._is_terminal and time.monotonic() - self._shown > LINE_EVERY_S:
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
