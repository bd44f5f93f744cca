"""The output folder of a job: whose it is, what is in it, and what is still to be done.

- `run.json`: settings, versions, and a summary of every run;
- `plan/00000.parquet` and on: what was planned, a log that only grows (`emodist.plan`);
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import emodist
from emodist import plan, schema, storage, tables, variants
from emodist.config import FeaturizeSettings, MediaSettings
from emodist.errors import ConfigError, OutputError

PACKAGES = ("ray", "numpy", "scipy", "librosa", "numba", "av", "soundfile", "soxr", "pyarrow")

# No file is written for so long: its writer was killed.
ABANDONED_S = 86_400


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
    theirs, ours = record["settings"], fresh["settings"]
    differing = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
    if differing and not storage.names(storage.join(settings.out, "plan")):
        # An earlier run found something wrong before it planned anything.
        save(settings, fresh)
        return fresh
    if differing:
        key = differing[0]
        raise OutputError(
            f"{settings.out} was made with {key}={theirs.get(key)}, now it is "
            f"{ours.get(key)}; choose another --out, or the same settings"
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


def table(out: str, name: str) -> ds.Dataset:
    """A table of an output folder, as an Arrow dataset.

    Raises
    ------
    ConfigError
        If there is no such table.
    """
    folder = storage.join(out, name)
    fs, path = storage.filesystem(folder)
    files = sorted(f"{path}/{file}" for file in storage.names(folder) if _is_table(file))
    if not files:
        raise ConfigError(f"{out} has no table {name}; is it the output of a job?")
    return ds.dataset(files, filesystem=fs, format="parquet")


def totals(out: str) -> dict[str, Any]:
    """Counts over all runs: recordings done and failed, rows, hours, files with the same sound.

    `variants` says how many of the recordings are augmented.
    """
    counts: dict[str, Any] = {"recordings": 0, "variants": 0, "segments": 0, "failed": 0}
    shas: set[str] = set()
    audio_s = 0.0
    if storage.names(storage.join(out, "recordings")):
        columns = ["recording_id", "duration_s", "audio_sha"]
        for batch in table(out, "recordings").to_batches(columns=columns):
            counts["recordings"] += batch.num_rows
            audio_s += pc.sum(batch["duration_s"]).as_py() or 0.0
            # A variant has the hash of the file that it was made from.
            ids = batch["recording_id"].to_pylist()
            is_variant = [variants.is_variant(recording) for recording in ids]
            counts["variants"] += sum(is_variant)
            known = zip(batch["audio_sha"].to_pylist(), is_variant, strict=True)
            shas.update(sha[:16] for sha, is_made in known if not is_made)
        counts["failed"] = table(out, "failures").count_rows()
    if storage.names(storage.join(out, "features")):
        counts["segments"] = table(out, "features").count_rows()
    same_sound = counts["recordings"] - counts["variants"] - len(shas)
    return {**counts, "same_sound": same_sound, "audio_h": audio_s / 3600}


def pending(out: str, parts: list[pa.Table]) -> pa.Table:
    """Shards of groups that are not published yet."""
    done = [name.removesuffix(".parquet") for name in storage.names(f"{out}/recordings")]
    rows = pa.concat_tables([schema.PLAN.empty_table(), *parts])
    return rows.filter(pc.invert(pc.is_in(rows["group"], pa.array(done, pa.string()))))


def failed(out: str) -> Iterator[tuple[str, pa.Table]]:
    """The files of the `failures` table and their rows."""
    for name in sorted(storage.names(f"{out}/failures")):
        if _is_table(name):
            uri = storage.join(out, "failures", name)
            fs, path = storage.filesystem(uri)
            yield uri, pq.read_table(path, filesystem=fs)


def drop_stale(out: str, parts: list[pa.Table]) -> None:
    """Drop failures that were tried again since, and rows of files that have changed since.

    What is stale follows from the plan alone, so a run that is killed here is made good by the
    next one.
    """
    latest = attempts(parts)
    # Variants stand and fall with the file that they are made from.
    sources = map(variants.original, plan.planned(parts, "recording_id"))
    current = set(dict(zip(plan.planned(parts, "path"), sources, strict=True)).values())
    stale = [recording for recording in latest if variants.original(recording) not in current]
    replaced = pa.array(stale, pa.string())

    def is_current(batch: pa.RecordBatch) -> pa.Array:
        return pc.invert(pc.is_in(batch["recording_id"], replaced))

    def is_latest(batch: pa.RecordBatch) -> pa.Array:
        tried = zip(batch["recording_id"].to_pylist(), batch["attempts"].to_pylist(), strict=True)
        newest = pa.array([attempt >= latest[recording] for recording, attempt in tried])
        return pc.and_(is_current(batch), newest.cast(pa.bool_()))

    for uri, _ in failed(out):
        tables.rewrite(uri, is_latest, ["recording_id", "attempts"])
    if len(replaced):
        for name in ("recordings", "features"):
            for file in filter(_is_table, storage.names(storage.join(out, name))):
                tables.rewrite(storage.join(out, name, file), is_current, ["recording_id"])


def attempts(parts: list[pa.Table]) -> dict[str, int]:
    """How often each recording has been planned; later parts count."""
    ids = plan.planned(parts, "recording_id")
    return dict(zip(ids, plan.planned(parts, "attempts"), strict=True))


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


def _is_table(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()
