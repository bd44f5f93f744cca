"""What a sweep leaves in its folder, and whose folder it is.

- `sweep.json`: settings, versions, every run (one by one in `runs/`), and what was found;
- `trials/`: a receipt for each finished trial, which a run that goes on reads;
- `unfinished/`: what trials keep between their steps, until the sweep is done;
- `refits/`: receipts of the winners that workers fitted again, where a kind does so (`network`);
- `trials.parquet`: one row per trial, a column for each setting, scores of all folds;
- `best.yaml`: settings that `emodist train` or `emodist cluster` takes with `--config`;
- `sweep.png`: scores over trials.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

import emodist
from emodist import plots, storage
from emodist.config import Settings
from emodist.plots.sweep import sweep as plot
from emodist.spaces import Dimension
from emodist.sweeps import trials
from emodist.sweeps.trials import Kind, Row, SweepSettings
from emodist.tables import claim, parquet, records

FILES = (
    *("sweep.json", claim.RUNS, "trials", "unfinished", "refits"),
    *("trials.parquet", "best.yaml", "sweep.png"),
)
FOLDS = pa.list_(pa.struct([("name", pa.string()), ("score", pa.float64())]))


# What a sweep goes on with beside its settings, and in words what is another.
SAME = {
    "fingerprint": "other rows than this table or this version of emodist gives",
    "space": "another search space than this table or this version of emodist gives",
    "searches": "other folds than this table or this version of emodist gives",
}


def begin(out: str, kind: Kind, settings: SweepSettings) -> tuple[dict[str, Any], str]:
    """What `sweep.json` of the folder holds, made if there is none, and the name of this run.

    Raises
    ------
    OutputError
        If the folder belongs to another sweep or holds other files, or cannot be written.
    """
    packages = (*settings.PACKAGES, *(["optuna"] if settings.search == "optuna" else []))
    record = claim.fresh(
        settings.identity(),
        packages,
        rows=len(kind.data),
        fingerprint=kind.fingerprint(),
        space=json.loads(json.dumps(kind.space)),
        searches=list(kind.searches),
        found=None,
    )
    claim.no_strangers(out, FILES)
    return claim.take(_record(out), record, SAME), claim.new_run()


def save(out: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Bring `sweep.json` up to date with what was found."""
    record = {**records.read(_record(out)), **about}
    records.write(_record(out), record)
    return record


def save_run(
    out: str, name: str, run: Mapping[str, Any], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Note what a run did as well."""
    return claim.save_run(_record(out), name, run, lambda: about)


def finish(out: str, kind: Kind, rows: Sequence[Row], conclusion: dict[str, Any]) -> None:
    """Write all but `sweep.json`; without a best trial, no `best.yaml`."""
    save_trials(out, kind, rows)
    storage.remove(storage.join(out, "unfinished"))
    storage.write(storage.join(out, "sweep.png"), plots.png(figure(kind, rows, conclusion)))
    if conclusion["best"] is None:
        storage.remove(storage.join(out, "best.yaml"))
        return
    chosen = kind.settings_of(conclusion["best"]["values"])
    text = (
        f"# Trial {conclusion['best']['number']} of a sweep over {len(kind.data)} rows, "
        f"emodist {emodist.__version__}. sweep.json beside it says how good it is.\n"
        + yaml.safe_dump(as_config(chosen), sort_keys=False)
    )
    storage.write(storage.join(out, "best.yaml"), text.encode())


def as_config(settings: Settings) -> dict[str, Any]:
    """Settings as a settings file has them: those of an entry stand under its name."""
    lines = settings.identity()
    for choice, (_, target) in settings.CHOICES.items():
        own = lines.pop(target)
        if own:
            lines[lines[choice]] = own
    return lines


def save_trials(out: str, kind: Kind, rows: Sequence[Row]) -> None:
    """`trials.parquet`, the trials that are finished so far."""
    rows = sorted(rows, key=lambda row: (kind.searches.index(row["search"]), row["number"]))
    columns: dict[str, pa.Array] = {
        "search": pa.array([row["search"] for row in rows], pa.string()),
        "number": pa.array([row["number"] for row in rows], pa.int32()),
        "status": pa.array([row["status"] for row in rows], pa.string()),
        "score": pa.array([row["score"] for row in rows], pa.float64()),
        "seconds": pa.array([row["seconds"] for row in rows], pa.float64()),
        "cpu_s": pa.array([row["cpu_s"] for row in rows], pa.float64()),
        "message": pa.array([row["message"] for row in rows], pa.string()),
    }
    for name, dimension in kind.space.items():
        columns[name] = _column([row["values"].get(name) for row in rows], dimension)
    for name in kind.MEASURES:
        columns[name] = pa.array([kind.measures(row)[name] for row in rows], pa.float64())
    steps = [[{k: step[k] for k in ("name", "score")} for step in row["steps"]] for row in rows]
    columns["folds"] = pa.array(steps, FOLDS)
    batch = pa.RecordBatch.from_pydict(columns)
    with parquet.writer(storage.join(out, "trials.parquet"), batch.schema) as write:
        write(batch)


def figure(kind: Kind, rows: Sequence[Row], conclusion: dict[str, Any]):
    """Trials of the first search, which `best.yaml` comes from."""
    first = sorted(
        (row for row in rows if row["search"] == kind.searches[0]), key=lambda row: row["number"]
    )
    entry = kind.ENTRIES[0].removesuffix("s")
    only = getattr(kind.settings, kind.ENTRIES[0])[0]
    nested = None
    if conclusion.get("nested"):
        nested = (conclusion["nested_score_unbiased"], *conclusion["nested_interval_95"])
    scores = [row["score"] if row["status"] == "done" else None for row in first]
    return plot(
        np.array([row["number"] for row in first]),
        np.array([np.nan if score is None else score for score in scores]),
        [row["values"].get(entry, only) for row in first],
        kind.score_name,
        nested,
    )


def text(record: dict[str, Any], kind: Kind, rows: Sequence[Row], n_new: int) -> str:
    """What came out, for a person."""
    n = trials.counts(rows)
    lines = [
        f"trials {len(rows)} in {len(kind.searches)} search{'es' * (len(kind.searches) > 1)}: "
        f"done {n['done']}   pruned {n['pruned']}   failed {n['failed']}"
    ]
    if n_new:
        run = record["runs"][-1]
        busy = f", workers busy {run['workers_busy']:.0%}" if run["workers_busy"] else ""
        lines.append(
            f"this run: {n_new} trials, {run['seconds']:.1f} s, {run['cpu_s']:.1f} s CPU in "
            f"trials{busy} ({run['engine']}, {run['workers']} workers)"
        )
    else:
        lines.append("nothing new to do")
    return "\n".join([*lines, kind.text(record["found"])])


def _column(values: list[Any], dimension: Dimension) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 or not kinds:
        # "scale" beside numbers.
        return pa.array([None if v is None else str(v) for v in values], pa.string())
    return pa.array(values)


def _record(out: str) -> str:
    return storage.join(out, "sweep.json")
