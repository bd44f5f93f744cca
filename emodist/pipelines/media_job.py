"""One run of a job over media files: list, plan, work, sum up. Shared by extract and featurize."""

import datetime
import os
import sys
import time
from collections.abc import Container, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from emodist import listing, output, plan, schema, shards, storage, variants
from emodist.config import ExtractSettings, FeaturizeSettings, MediaSettings
from emodist.errors import ConfigError
from emodist.shards import ShardResult

# Hours of sound from which Ray's start (some ten seconds) is small beside the work.
RAY_PAYS_FROM_H = 50.0
# In a log, progress is a line once in so many seconds.
LINE_EVERY_S = 15.0


def run(settings: MediaSettings, retry_failed: bool = False) -> dict[str, Any]:
    """Bring the output folder up to date with the input; does only what is not done yet.

    Parameters
    ----------
    settings : ExtractSettings or FeaturizeSettings
    retry_failed : bool
        Try again what earlier runs put into `failures`.

    Returns
    -------
    dict
        The summary that `run.json` keeps: counts, hours of sound, seconds, where the output is.

    Raises
    ------
    ConfigError, OutputError
        If the request is wrong, or the output belongs to other settings or cannot be written.
    """
    clock = time.monotonic()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    found = _list(settings)
    record = output.claim(settings)
    parts, n_changed = _plan(settings, found, retry_failed)
    del found  # of a large archive, before the work begins
    work = output.pending(settings.out, parts)
    engine, n_workers = _choose_engine(settings, work)
    results = []
    if work.num_rows:
        results = _work(engine, work, output.share_model(settings), n_workers)
    output.drop_stale(settings.out, parts)
    output.tidy(settings.out)
    summary = {
        **output.totals(settings.out),
        "new": sum(r.n_recordings for r in results),
        "new_failed": sum(r.n_failed for r in results),
        "new_audio_h": sum(r.audio_s for r in results) / 3600,
        "changed": n_changed,
        "cpu_s": round(sum(r.cpu_s for r in results), 2),
        "seconds": round(time.monotonic() - clock, 2),
        "engine": engine,
        "workers": n_workers,
        "started": started,
        "out": settings.out,
    }
    record["runs"].append(summary)
    output.save(settings, record)
    return summary


def is_acceptable(summary: dict[str, Any], settings: MediaSettings) -> bool:
    """Whether no more files failed than the settings allow."""
    n_files = summary["recordings"] + summary["failed"]
    return summary["failed"] <= settings.max_failed_fraction * n_files


def _list(settings: MediaSettings) -> dict[str, listing.MediaFile]:
    shown = sys.stderr.isatty()
    files = tqdm(
        listing.media_files(settings.path), "listing", unit=" files", leave=False, disable=not shown
    )
    # What `extract` wrote into a folder below its input is output, not input.
    own = storage.join(settings.out, "audio") + "/"
    found = {file.recording_id: file for file in files if not file.uri.startswith(own)}
    if not found:
        suffixes = " ".join(sorted(listing.SUFFIXES))
        raise ConfigError(f"{settings.path} holds no media files; known suffixes: {suffixes}")
    return found


def _plan(
    settings: MediaSettings, found: dict[str, listing.MediaFile], retry_failed: bool
) -> tuple[list[pa.Table], int]:
    """All parts of the plan, with what is new, and how many planned files have changed since."""
    corpus = settings.build_corpus().opened(settings.path)
    n_changed = 0

    def new(parts: list[pa.Table]) -> pa.Table:
        nonlocal n_changed
        attempts = output.attempts(parts)
        paths = set(plan.planned(parts, "path"))
        rows = [
            plan.recording(file, corpus, settings.corpus)
            for recording_id, file in found.items()
            if recording_id not in attempts
        ]
        n_changed = sum(row["path"] in paths for row in rows)
        if isinstance(settings, FeaturizeSettings):
            rows += variants.planned(rows, settings)
        if isinstance(settings, ExtractSettings):
            _set_targets(rows, settings.format, set(plan.planned(parts, "target")))
        if retry_failed:
            rows += _again(settings.out, parts, attempts, found)
        return plan.cut(rows, settings.fingerprint(), _sizing(settings))

    return plan.extend(settings.out, new), n_changed


def _again(
    out: str, parts: list[pa.Table], attempts: dict[str, int], found: Container[str]
) -> list[dict[str, Any]]:
    """Failed recordings that are still there, as planned before, with one more attempt."""
    failed = {
        row["recording_id"]
        for _, rows in output.failed(out)
        for row in rows.select(["recording_id", "attempts"]).to_pylist()
        if row["attempts"] == attempts[row["recording_id"]]
        and variants.original(row["recording_id"]) in found
    }
    planned = {
        row["recording_id"]: row
        for part in parts
        for shard in part["recordings"].to_pylist()
        for row in shard
        if row["recording_id"] in failed
    }
    return [{**row, "attempts": row["attempts"] + 1} for row in planned.values()]


def _set_targets(rows: list[dict[str, Any]], suffix: str, taken: set[str]) -> None:
    """`a/x.mp4` becomes `audio/a/x.wav`; a second file of that name keeps its own suffix too."""
    for row in rows:
        path = PurePosixPath("audio", row["path"].replace("://", "/").lstrip("/"))
        target = str(path.with_suffix(f".{suffix}"))
        if target in taken or ".." in path.parts:
            target = f"audio/{row['recording_id']}/{path.name}.{suffix}"
        taken.add(target)
        row["target"] = target


def _sizing(settings: MediaSettings) -> plan.Sizing:
    n_workers = settings.workers or os.cpu_count() or 1
    if not isinstance(settings, FeaturizeSettings):
        return plan.Sizing(bytes_per_s=0.0, bytes_per_file=300.0, n_workers=n_workers)
    row = schema.row_bytes(shards.table_schemas(settings)["features"])
    step_s = settings.hop_s or settings.segment_s
    per_s = row / step_s if isinstance(step_s, float) else row / 4
    return plan.Sizing(bytes_per_s=per_s, bytes_per_file=row, n_workers=n_workers)


def _choose_engine(settings: MediaSettings, work: pa.Table) -> tuple[str, int]:
    """Ray where there is a cluster or much work; otherwise processes, which start at once."""
    engine = settings.engine
    if engine == "auto":
        planned = zip(plan.planned([work], "path"), plan.planned([work], "size_bytes"), strict=True)
        hours = sum(plan.audio_s(path, size) for path, size in planned) / 3600
        cluster = settings.address or os.environ.get("RAY_ADDRESS")
        engine = "ray" if work.num_rows and (cluster or hours > RAY_PAYS_FROM_H) else "local"
    if engine == "local" or not work.num_rows:
        return engine, settings.workers or os.cpu_count() or 1
    from emodist.pipelines import ray_engine

    n_cpus = ray_engine.connect(settings)
    return engine, settings.workers or n_cpus


def _work(
    engine: str, work: pa.Table, settings: MediaSettings, n_workers: int
) -> list[ShardResult]:
    n_workers = min(n_workers, work.num_rows)
    if engine == "ray":
        from emodist.pipelines import ray_engine

        results = ray_engine.run(work, settings, n_workers)
    else:
        from emodist.pipelines import local_engine

        results = local_engine.run(_rows(work), settings, n_workers)
    return list(_with_progress(results, work))


def _rows(work: pa.Table) -> Iterator[dict[str, Any]]:
    for index in range(work.num_rows):
        yield work.slice(index, 1).to_pylist()[0]


def _with_progress(results: Iterable[ShardResult], work: pa.Table) -> Iterator[ShardResult]:
    """Files done, time left, failures and speed, on stderr: a bar, or now and then a line."""
    n_files = pc.list_value_length(work["recordings"]).to_pylist()
    sizes = dict(zip(work["shard"].to_pylist(), n_files, strict=True))
    started = shown = time.monotonic()
    audio_s, failed = 0.0, 0
    is_terminal = sys.stderr.isatty()
    with (
        open(os.devnull, "w") as nowhere,
        tqdm(total=sum(n_files), unit="file", file=sys.stderr if is_terminal else nowhere) as bar,
    ):
        for result in results:
            audio_s += result.audio_s
            failed += result.n_failed
            speed = audio_s / (time.monotonic() - started)
            bar.set_postfix_str(f"failed {failed}, {speed:.0f}x real time", refresh=False)
            bar.update(sizes[result.shard])
            if not is_terminal and time.monotonic() - shown > LINE_EVERY_S:
                shown = time.monotonic()
                print(bar, file=sys.stderr, flush=True)
            yield result
