"""The output folder of a job: whose it is, what is in it, and what is still to be done.

- `run.json`: settings, versions, counts, and a summary of every run (one by one in `runs/`);
- `plan/00000.parquet` and on: what was planned, a log that only grows (`emodist.media.plan`);
- `recordings/`, `features/`, `failures/`: the tables, one file per group of shards;
- `yamnet/`: the model of the features `yamnet` and `yamnet_scores`, where they are chosen;
- `staging/`: finished shards of unfinished groups; gone when a run ends.
"""

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emodist import storage
from emodist.audio import silero
from emodist.media import plan_log
from emodist.media.settings import FeaturizeSettings, MediaSettings
from emodist.tables import claim, locate, parquet

PACKAGES = ("ray", "numpy", "scipy", "librosa", "numba", "av", "soundfile", "soxr", "pyarrow")

# No file is written for so long: its writer was killed.
ABANDONED_S = 86_400


def begin(settings: MediaSettings) -> str:
    """Make the folder that of these settings, and name this run; `run.json` says whose it is.

    Raises
    ------
    OutputError
        If the folder belongs to other settings, or cannot be written.
    """
    job = type(settings).__name__.removesuffix("Settings").lower()
    by_silero = isinstance(settings, FeaturizeSettings) and settings.told_by() == "silero"
    packages = (*PACKAGES, *(silero.distributions() if by_silero else ()))
    record = claim.fresh({"job": job, **settings.identity()}, packages)
    plan = storage.join(settings.out, "plan")
    claim.take(_record(settings.out), record, is_begun=lambda: bool(storage.names(plan)))
    return claim.new_run()


def save_run(out: str, name: str, summary: Mapping[str, Any]) -> None:
    """Note what a run came to; `counts` of `run.json` are those of the folder as it is now."""
    claim.save_run(_record(out), name, summary, lambda: {"counts": totals(out)})


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

    `variants` says how many of the recordings are augmented, `damaged` how many were kept although
    some of their sound is missing, `remarks` of how many there is something to say.
    """
    counts = {"recordings": 0, "variants": 0, "damaged": 0, "remarks": 0}
    shas = [np.empty(0, np.uint64)]
    audio_s = 0.0
    for rows in locate.files(out, "recordings").of_each(_recordings):
        counts["recordings"] += rows.num_rows
        for name, column in (("damaged", "damage"), ("remarks", "remark")):
            # Which emodist 0.1 did not have.
            if column in rows.column_names:
                counts[name] += rows.num_rows - rows[column].null_count
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
        "segments": locate.files(out, "features").count_rows(),
        "failed": locate.files(out, "failures").count_rows(),
        "same_sound": counts["recordings"] - counts["variants"] - n_sounds,
        "audio_h": audio_s / 3600,
    }


def _recordings(uri: str) -> pa.Table:
    return parquet.read(uri, ["recording_id", "duration_s", "audio_sha", "damage", "remark"])


def pending(out: str, work: pa.Table) -> pa.Table:
    """Planned shards (`schema.WORK`) of groups that are not published yet."""
    done = [name.removesuffix(".parquet") for name in storage.names(f"{out}/recordings")]
    return work.filter(pc.invert(pc.is_in(work["group"], pa.array(done, pa.string()))))


def failed(out: str) -> Iterator[tuple[str, pa.Table]]:
    """The files of the `failures` table and their rows."""
    for uri in locate.files(out, "failures").files:
        yield uri, parquet.read(uri)


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


def drop_healed(out: str, refused: Collection[str]) -> None:
    """Drop failures of folders that can be read by now: all but the `refused`, by their ids."""
    still = pa.array(sorted(refused), pa.string())

    def is_current(batch: pa.RecordBatch) -> pa.Array:
        is_folder = pc.ends_with(batch["uri"], "/")
        return pc.or_(pc.invert(is_folder), pc.is_in(batch["recording_id"], still))

    for uri, rows in failed(out):
        if not all(is_current(batch).true_count == len(batch) for batch in rows.to_batches()):
            parquet.rewrite(uri, is_current, ["recording_id", "uri"])


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


def _record(out: str) -> str:
    return storage.join(out, "run.json")
