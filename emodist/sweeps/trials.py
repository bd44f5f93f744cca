"""A sweep: what is tried next, what is given up early, and what has been found so far.

A sweep holds one or more **searches**, each with its own trials. A **trial** is one configuration
in one search, worked on in steps (a fold each, or more epochs). Its row is plain JSON values:

    {"search": "group5/1", "number": 3, "values": {"model": "rbf_svm", "rbf_svm.c": 2.5},
     "steps": [{"name": "inner/group3/1", "score": 0.41, ...}], "score": 0.41,
     "status": "done" (or "pruned", "failed"), "message": null, "seconds": 0.9, "cpu_s": 0.9}

No search hears of another one's scores, neither its proposals nor its pruning: that is what makes
a nested evaluation honest with an adaptive search too (`emodist.tuning.classifier`).

A finished trial is a file, `trials/SEARCH-NUMBER.json`, written whole: it is its own receipt. A
sweep that was killed reads them and does the rest; with `search=sobol` the configurations follow
from the seed alone, so they are those of a sweep that nobody disturbed (which of them are pruned
depends on who comes first, where several work at once). What a trial wants to find
again at its next step lies in `unfinished/SEARCH-NUMBER/` until it has its receipt.
"""

import dataclasses
import json
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence, Sized
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from threadpoolctl import threadpool_limits

from emodist import storage
from emodist.config import Settings, setting
from emodist.errors import ConfigError, OutputError
from emodist.plugins.folders import told
from emodist.sweeps.proposals import Optuna, Proposals, Row, Searched, Sobol, Values

# Asynchronous successive halving (Li et al. 2020): after 1, 3, 9, ... steps, the best third goes
# on; but nobody is judged by fewer than so many others.
REDUCTION = 3
RUNGS = tuple(REDUCTION**rung for rung in range(8))
LEAST_SEEN = 5


@dataclasses.dataclass(frozen=True)
class SweepSettings(Settings):
    """What every sweep is told.

    `STEPS_PER_PROCESS`: a worker's process that has done so many steps gives way to a new one;
    None: it lives as long as the sweep.
    """

    PACKAGES: ClassVar[tuple[str, ...]] = (
        "ray",
        "scikit-learn",
        "imbalanced-learn",
        "scipy",
        "numpy",
    )
    STEPS_PER_PROCESS: ClassVar[int | None] = None

    trials: int = setting(50, "configurations that each search tries; more continue", decides=False)
    search: Literal["sobol", "optuna"] = setting(
        "sobol", "sobol (quasi-random, the same whenever) or optuna (TPE: learns from its trials)"
    )
    seed: int = setting(0, "of everything random")
    engine: Literal["ray", "local"] = setting(
        "ray",
        "ray (Ray Tune, here or on a cluster) or local (processes, start at once)",
        decides=False,
    )
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine", decides=False
    )
    workers: int | None = setting(None, "trials at once; default: one per CPU", decides=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("trials", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1; got {value}")
        if self.seed < 0:
            raise ConfigError(f"seed must not be negative; got {self.seed}")

    def resources(self) -> dict[str, float]:
        """What a trial takes of a machine, in Ray's words."""
        return {"CPU": 1.0}


class Stepwise(Searched, Protocol):
    """What workers do of each trial, step by step; they get a copy.

    `RUNGS`: after how many steps a trial is compared with the others of its search.
    """

    RUNGS: ClassVar[Collection[int]]

    @property
    def prune(self) -> bool: ...

    def n_steps(self, search: str) -> int: ...

    def step(self, row: Row) -> dict[str, Any]:
        """What a trial's next step found: its `name`, its `score`, what `score` wants to know.

        `row["scratch"]` is a folder of this trial alone, for what a later step wants to find
        again; None where there is no such folder.
        """

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        """Of all steps so far, more is better; None: no such thing."""


class Refits(Stepwise, Protocol):
    """A further, short sweep, of winners that are fitted again."""

    def holds(self, row: Row) -> bool:
        """Whether a row of an earlier run is of this winner; more trials may have found others."""


class Kind(Stepwise, Protocol):
    """What can be tuned; an entry of `emodist/tuning/`.

    `ENTRIES` are the setting and the registry folder that its configurations choose from;
    `score_name` says what a score is, and `MEASURES` names the further numbers of a trial.
    """

    SETTINGS: ClassVar[type[SweepSettings]]
    ENTRIES: ClassVar[tuple[str, str]]
    MEASURES: ClassVar[tuple[str, ...]]

    @classmethod
    def load(cls, table: str, settings: SweepSettings) -> Self:
        """The entry for a table; all that is wrong with the request shows here.

        Raises
        ------
        ConfigError
            If the table does not fit the settings.
        """

    @property
    def settings(self) -> SweepSettings: ...

    @property
    def data(self) -> Sized:
        """The rows."""

    @property
    def score_name(self) -> str: ...

    def fingerprint(self) -> str:
        """A hash of all that is learned from."""

    def settings_of(self, values: Values) -> Settings:
        """A configuration as settings of the job that would use it (`best.yaml`)."""

    def measures(self, row: Row) -> dict[str, Any]:
        """The numbers that `MEASURES` names."""

    def refits(self, rows: Sequence[Row]) -> Refits | None:
        """Of the winners, if they are fitted again; `conclude` gets its rows too."""

    def conclude(self, rows: Sequence[Row]) -> dict[str, Any]:
        """What the sweep found, as plain JSON values; `best` is None where no trial has a score."""

    def text(self, conclusion: dict[str, Any]) -> str:
        """The same for a person."""


class Sweep:
    """Asks and tells. It lives in the driver; rows go to the workers and come back.

    Parameters
    ----------
    rows : finished ones, of earlier runs
    heard : called with each new finished row
    out : the sweep's folder, where trials that are not finished may keep something
    """

    def __init__(
        self,
        kind: Stepwise,
        settings: SweepSettings,
        rows: Sequence[Row] = (),
        heard: Callable[[Row], None] = lambda row: None,
        out: str | None = None,
    ):
        self.kind = kind
        self._out = out
        self.rows = list(rows)
        self._heard = heard
        self._rungs: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._proposals: Proposals
        if settings.search == "sobol":
            self._proposals = Sobol(kind, settings.trials, settings.seed)
        else:
            self._proposals = Optuna(kind, settings.trials, settings.seed, rows)
        for row in rows:
            for index in range(len(row["steps"])):
                self._climbs(row, index + 1)
        n_trials = min(settings.trials, self._proposals.n_most)
        self.total = n_trials * len(kind.searches)
        done = {(row["search"], row["number"]) for row in rows}
        self._waiting = [
            (search, number)
            for number in range(n_trials)
            for search in kind.searches
            if (search, number) not in done
        ]
        self._next = iter(self._waiting)

    @property
    def n_waiting(self) -> int:
        """Trials that this run has to do."""
        return len(self._waiting)

    def ask(self) -> Row | None:
        """The row of a trial that nobody works on yet."""
        search, number = next(self._next, (None, -1))
        if search is None:
            return None
        row: Row = {
            "search": search,
            "number": number,
            "values": self._proposals.propose(search, number),
            "steps": [],
            "score": None,
            "status": "done",
            "message": None,
            "seconds": 0.0,
            "cpu_s": 0.0,
        }
        return {**row, "scratch": self._out and scratch(self._out, self.kind, row)}

    def goes_on(self, row: Row) -> bool:
        """Whether a trial's next step is worth it; ask once after each step."""
        return has_more(self.kind, row) and self._climbs(row, len(row["steps"]))

    def tell(self, row: Row) -> Row:
        """A trial is finished, pruned or failed; its row as it is kept."""
        row = {name: value for name, value in row.items() if name != "scratch"}
        if has_more(self.kind, row):
            row["status"] = "pruned"
        self.rows.append(row)
        self._proposals.learn(row)
        self._heard(row)
        return row

    def _climbs(self, row: Row, n_steps: int) -> bool:
        if n_steps not in self.kind.RUNGS:
            return True
        score = self.kind.score(row["steps"][:n_steps])
        if score is None:
            return True
        seen = self._rungs[row["search"], n_steps]
        seen.append(score)
        is_best = score >= np.quantile(seen, 1 - 1 / REDUCTION)
        return bool(is_best or len(seen) < LEAST_SEEN or not self.kind.prune)


def has_more(kind: Stepwise, row: Row) -> bool:
    """Whether steps are left to be done."""
    return row["status"] == "done" and len(row["steps"]) < kind.n_steps(row["search"])


def advance(kind: Stepwise, row: Row, n_cpus: int = 1) -> Row:
    """The row after one more step; an error of the configuration is a failed row.

    BLAS and OpenMP keep to `n_cpus` threads: trials at once would wait for each other's.

    Raises
    ------
    OutputError
        If the trial's folder cannot be written.
    """
    clock, cpu = time.monotonic(), time.process_time()
    row = dict(row)
    try:
        with threadpool_limits(n_cpus), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            step = kind.step(row)
            row["steps"] = [*row["steps"], step]
            row["score"] = kind.score(row["steps"])
    except OutputError:
        # Of the place where it is kept, not of the configuration.
        raise
    except Exception as error:
        row.update(status="failed", score=None, message=told(error))
    row["seconds"] = round(row["seconds"] + time.monotonic() - clock, 4)
    row["cpu_s"] = round(row["cpu_s"] + time.process_time() - cpu, 4)
    return row


def best(rows: Sequence[Row], search: str) -> Row | None:
    """The row of a search with the highest score, the first of equals; None if none has one."""
    whole = [
        row
        for row in rows
        if row["search"] == search and row["status"] == "done" and row["score"] is not None
    ]
    return min(whole, key=lambda row: (-row["score"], row["number"]), default=None)


def counts(rows: Sequence[Row]) -> dict[str, int]:
    statuses = Counter(row["status"] for row in rows)
    return {status: statuses[status] for status in ("done", "pruned", "failed")}


def save_row(out: str, kind: Stepwise, row: Row) -> None:
    """A trial's receipt; what it kept between its steps goes."""
    storage.write(storage.join(out, "trials", f"{_name(kind, row)}.json"), json.dumps(row).encode())
    storage.remove(scratch(out, kind, row))


def scratch(out: str, kind: Stepwise, row: Row) -> str:
    """Where a trial keeps what its next step wants to find again."""
    return storage.join(out, "unfinished", _name(kind, row))


def saved_rows(out: str, kind: Stepwise) -> list[Row]:
    """Finished trials of earlier runs, by number."""
    folder = storage.join(out, "trials")
    names = sorted(name for name in storage.names(folder) if not name.startswith("."))
    rows = [json.loads(storage.read(storage.join(folder, name))) for name in names]
    return sorted(rows, key=lambda row: (row["number"], kind.searches.index(row["search"])))


def _name(kind: Stepwise, row: Row) -> str:
    return f"{kind.searches.index(row['search']):03d}-{row['number']:06d}"
