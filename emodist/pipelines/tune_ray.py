"""Trials on Ray Tune: its searcher asks the sweep, its scheduler prunes, its actors do the steps.

- The problem lies in the object store once (`tune.with_parameters`); every trial's process reads
  the same copy of the table.
- Actors are kept for the next trial: a fresh one would import scikit-learn first. Where a process
  keeps memory that it should give back (TensorFlow), each trial has an actor of its own.
- Tune's own state lies in a temporary folder and is not needed again: the receipts in the output
  folder say what is done (`emodist.sweeps`), on S3 as on a disk.
- A process that is lost (its node, its memory) is tried twice more, then it is a failed trial.
"""

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from emodist.sweeps import trials
from emodist.sweeps.trials import Row, Stepwise, Sweep

MAX_FAILURES = 2


class Ask(Searcher):
    """The sweep's proposals as Tune wants them. Rows travel as JSON: Tune flattens mappings."""

    def __init__(self, sweep: Sweep):
        super().__init__(metric="step", mode="max")
        self._sweep = sweep
        self._running: dict[str, Row] = {}

    def suggest(self, trial_id: str) -> Any:
        row = self._sweep.ask()
        if row is None:
            return Searcher.FINISHED
        self._running[trial_id] = row
        return {"row": json.dumps(row)}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        row = self._running.pop(trial_id, None)
        if row is None:
            return
        if result and "row" in result:
            row = json.loads(result["row"])
        if error or (not row["steps"] and row["status"] == "done"):
            row = {**row, "status": "failed", "score": None, "message": "the trial's process died"}
        self._sweep.tell(row)

    def __getstate__(self) -> dict[str, Any]:
        # Of what Tune writes down to restore from; the receipts are there for that.
        return {}

    def save(self, checkpoint_path: str) -> None:
        pass

    def restore(self, checkpoint_path: str) -> None:
        pass


class Prune(FIFOScheduler):
    """Asynchronous successive halving inside each search (`Sweep.goes_on`).

    Tune's own ASHA would compare trials of different searches, which learn from each other's test
    rows.
    """

    def __init__(self, sweep: Sweep):
        super().__init__()
        self._sweep = sweep

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        row = json.loads(result["row"])
        # A trial with no step left ends by itself, and its actor is free for the next one.
        if trials.has_more(self._sweep.kind, row) and not self._sweep.goes_on(row):
            return TrialScheduler.STOP
        return TrialScheduler.CONTINUE


def work(
    kind: Stepwise,
    sweep: Sweep,
    n_workers: int,
    resources: dict[str, float],
    reuse_actors: bool = True,
) -> None:
    """All trials that wait, on the Ray cluster that this process has joined."""

    def trial(config: dict[str, Any], kind: Stepwise) -> None:
        row = json.loads(config["row"])
        while trials.has_more(kind, row):
            row = trials.advance(kind, row)
            # A report costs the driver some CPU time; without pruning nobody waits for it.
            if kind.prune or not trials.has_more(kind, row):
                tune.report({"row": json.dumps(row), "step": len(row["steps"])})

    with _quiet(n_workers), tempfile.TemporaryDirectory(prefix="emodist-tune-") as folder:
        tune.Tuner(
            tune.with_resources(tune.with_parameters(trial, kind=kind), resources),
            tune_config=tune.TuneConfig(
                search_alg=Ask(sweep),
                scheduler=Prune(sweep),
                num_samples=sweep.n_waiting,
                max_concurrent_trials=n_workers,
                reuse_actors=reuse_actors,
                trial_name_creator=lambda trial: trial.trial_id,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=folder,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
            ),
        ).fit()


def n_gpus() -> float:
    """GPUs of the cluster that this process has joined."""
    return float(ray.cluster_resources().get("GPU", 0.0))


@contextlib.contextmanager
def _quiet(n_workers: int) -> Iterator[None]:
    """Without Tune's own loggers and tables: the sweep shows its progress."""
    wanted = {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "RAY_AIR_NEW_OUTPUT": "0",
        # Ctrl-C ends the run at once; what is finished has its receipt.
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        # Tune's own snapshots are not needed, and each costs time.
        "TUNE_GLOBAL_CHECKPOINT_S": "86400",
        # With one, the default beside a searcher, a free CPU waits until an actor has started.
        "TUNE_MAX_PENDING_TRIALS_PG": str(n_workers),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    loggers = [logging.getLogger(name) for name in ("ray.tune", "ray.train")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
