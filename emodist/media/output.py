"""The output folder of a job: whose it is, what is in it, and what is still to be done.

- `run.json`: settings, versions, and a summary of every run;
- `plan/00000.parquet` and on: what was planned, a log that only grows (`emodist.media.plan`);
- `recordings/`, `features/`, `failures/`: the tables, one file per group of shards;
- `yamnet/`: the model of the features `yamnet` and `yamnet_scores`, where they are chosen;
- `staging/`: finished shards of unfinished groups; gone when a run ends.
"""

import contextlib
import dataclasses
import importlib.metadata
import itertools
import json
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import emodist
from emodist import config, storage
from emodist.errors import OutputError
from emodist.media import plan_log
from emodist.media.settings import FeaturizeSettings, MediaSettings
from emodist.tables import locate, parquet

PACKAGES = ("ray", "numpy", "scipy", "librosa", "numba", "av", "soundfile", "soxr", "pyarrow")

# No file is written for so long: its writer was killed.
ABANDONED_S = 86_400
# A bucket answers slowly, but to many.
FILES_AT_ONCE = 16

Found = TypeVar("Found")


def claim(settings: MediaSettings) -> dict[str, Any]:
    """What `run.json` of the output folder holds; it is made if there is none.

    Raises
    ------
    OutputError
        If the folder belongs to other settings, or cannot be written.
    """
    job = type(settings).__name__.removesuffix("Settings").lower()
    fresh: dict[str, Any] = {
        "emodist": emodist.__version__,
        "settings": {"job": job, **settings.identity()},
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "runs": [],
    }
    uri = storage.join(settings.out, "run.json")
    if storage.create(uri, _json(fresh)):
        return fresh
    record = json.loads(storage.read(uri))
    differing = config.difference(record["settings"], fresh["settings"])
    if differing and not storage.names(storage.join(settings.out, "plan")):
        # An earlier run found something wrong before it planned anything.
        save(settings, fresh)
        return fresh
    if differing:
        raise OutputError(
            f"{settings.out} was made with {differing}; choose another --out, or the same settings"
        )
    return record


def save(settings: MediaSettings, record: dict[str, Any]) -> None:
    storage.write(storage.join(settings.out, "run.json"), _json(record))


def share_model(settings: MediaSettings) -> MediaSettings:
    """Settings that name a copy of the network's model in the output folder.

    Workers on other machines find it there ready to run, and the table keeps what made it.
    """
    if not isinstance(settings, FeaturizeSettings) or not settings.network_features():
        return settings
    network = settings.network_features()
    folder = Path(next(iter(network.values())).about["folder"])
    target = storage.join(settings.out, "yamnet")
    # `core.json` last: it says that the rest is there.
    for file in sorted(folder.iterdir(), key=lambda file: file.name == "core.json"):
        if not storage.exists(storage.join(target, file.name)):
            storage.write(storage.join(target, file.name), file.read_bytes())
    own = {name: {**settings.feature_settings.get(name, {}), "model": target} for name in network}
    return dataclasses.replace(settings, feature_settings={**settings.feature_settings, **own})


def totals(out: str) -> dict[str, Any]:
    """Counts over all runs: recordings done and failed, rows, hours, files with the same sound.

    `variants` says how many of the recordings are augmented.
    """
    counts = {"recordings": 0, "variants": 0}
    shas = [np.empty(0, np.uint64)]
    audio_s = 0.0
    for rows in _of_each(out, "recordings", _recordings):
        counts["recordings"] += rows.num_rows
        audio_s += pc.sum(rows["duration_s"]).as_py() or 0.0
        # A variant has the hash of the file that it was made from.
        is_variant = pc.match_substring(rows["recording_id"], "-")
        counts["variants"] += pc.sum(is_variant).as_py() or 0
        known = rows["audio_sha"].filter(pc.invert(is_variant))
        starts = pc.utf8_slice_codeunits(known, 0, 16).to_pylist()
        shas.append(plan_log.digests(starts, ">u8").astype(np.uint64))
    n_sounds = len(np.unique(np.concatenate(shas)))
    return {
        **counts,
        "segments": sum(_of_each(out, "features", _n_rows)),
        "failed": sum(_of_each(out, "failures", _n_rows)),
        "same_sound": counts["recordings"] - counts["variants"] - n_sounds,
        "audio_h": audio_s / 3600,
    }


def _recordings(file: pq.ParquetFile) -> pa.Table:
    return file.read(["recording_id", "duration_s", "audio_sha"])


def _n_rows(file: pq.ParquetFile) -> int:
    return file.metadata.num_rows


def _of_each(out: str, name: str, read: Callable[[pq.ParquetFile], Found]) -> Iterator[Found]:
    """What is read from each file of a table, some at once; an Arrow dataset would keep it all."""
    folder = storage.join(out, name)
    fs, path = storage.filesystem(folder)

    def look(file: str) -> Found:
        with pq.ParquetFile(f"{path}/{file}", filesystem=fs) as opened:
            return read(opened)

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        yield from pool.map(look, locate.files_of(out, name))


def pending(out: str, work: pa.Table) -> pa.Table:
    """Planned shards (`schema.WORK`) of groups that are not published yet."""
    done = [name.removesuffix(".parquet") for name in storage.names(f"{out}/recordings")]
    return work.filter(pc.invert(pc.is_in(work["group"], pa.array(done, pa.string()))))


def failed(out: str) -> Iterator[tuple[str, pa.Table]]:
    """The files of the `failures` table and their rows."""
    for name in locate.files_of(out, "failures"):
        uri = storage.join(out, "failures", name)
        fs, path = storage.filesystem(uri)
        yield uri, pq.read_table(path, filesystem=fs)


def failed_attempts(out: str) -> dict[str, int]:
    """How often each failed recording was tried."""
    attempts: dict[str, int] = {}
    for _, rows in failed(out):
        tried = zip(rows["recording_id"].to_pylist(), rows["attempts"].to_pylist(), strict=True)
        for recording_id, n in tried:
            attempts[recording_id] = max(n, attempts.get(recording_id, 0))
    return attempts


def drop_superseded(out: str, superseded: dict[str, list[str]]) -> None:
    """Drop rows of what was planned again since: failures tried again, files that have changed.

    What these are follows from the plan alone (`PlanLog.superseded`), so a run that is killed here
    is made good by the next one.
    """
    for name in ("failures", "features", "recordings") if superseded else ():
        published = storage.names(storage.join(out, name))
        for group in superseded.keys() & {file.removesuffix(".parquet") for file in published}:
            replaced = pa.array(superseded[group], pa.string())

            def is_current(batch: pa.RecordBatch, replaced: pa.Array = replaced) -> pa.Array:
                return pc.invert(pc.is_in(batch["recording_id"], replaced))

            uri = storage.join(out, name, f"{group}.parquet")
            parquet.rewrite(uri, is_current, ["recording_id"])


def tidy(out: str) -> None:
    """Remove what interrupted runs left; another run that is at work is not disturbed."""
    staging = storage.join(out, "staging")
    done = storage.names(storage.join(out, "recordings"))
    for group in storage.names(staging):
        if f"{group}.parquet" in done:
            storage.remove(storage.join(staging, group))
    if not storage.names(staging):
        storage.remove(staging)
    if storage.is_remote(out):
        return
    folder = Path(storage.absolute(out))
    # The sound files of `extract` lie in folders like those of its input.
    for file in itertools.chain(folder.glob("*/.*.tmp"), folder.glob("audio/*/**/.*.tmp")):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > ABANDONED_S:
                file.unlink()


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()
