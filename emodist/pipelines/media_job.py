"""One run of a job over media files: list, plan, work, sum up. Shared by extract and featurize."""

import datetime
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emodist import storage
from emodist.media import output, spans, speech
from emodist.media.files import Aside, MediaFile
from emodist.media.listing import media_files, none_found
from emodist.media.plan_log import PlanLog
from emodist.media.settings import FeaturizeSettings, MediaSettings
from emodist.media.shards import ShardResult
from emodist.pipelines import bars, metrics, planning
from emodist.pipelines.metrics import Progress, Size

# Hours of sound from which Ray's start (some ten seconds) is small beside the work.
RAY_PAYS_FROM_H = 50.0


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
        The summary that `run.json` keeps: counts, hours of sound, speed, what the run took and
        cost, where the output is.

    Raises
    ------
    ConfigError, OutputError
        If the request is wrong, or the output belongs to other settings or cannot be written.
    """
    clock = time.monotonic()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    files, aside = _list(settings)
    settings = speech.of_job(settings)
    annotated = None
    if isinstance(settings, FeaturizeSettings) and settings.segments is not None:
        annotated = spans.attached(files, settings)
    name = output.begin(settings)
    log = PlanLog(settings.out)
    if annotated is not None:
        # What has lost its spans since it was planned has no rows any more.
        files = itertools.chain(annotated.files, log.known(annotated.without))
    found = planning.extend(log, files, settings, retry_failed)
    work = output.pending(settings.out, log.work())
    engine, n_workers = _choose_engine(settings, work)
    results, spent = [], {}
    if work.num_rows:
        progress = _progress(engine, work, settings, n_workers)
        results = _work(engine, work, output.share_model(settings), n_workers, progress)
        n_workers, spent = max(n_workers, progress.most_cpus), progress.spent()
    output.drop_superseded(settings.out, log.superseded())
    output.drop_healed(settings.out, found.refused_folders)
    output.tidy(settings.out)
    new_audio_s = sum(r.audio_s for r in results)
    totals, seconds = output.totals(settings.out), time.monotonic() - clock
    summary = {
        **totals,
        **({"speech": settings.told_by()} if isinstance(settings, FeaturizeSettings) else {}),
        "new": sum(r.n_recordings for r in results),
        "new_failed": sum(r.n_failed for r in results),
        "new_audio_h": new_audio_s / 3600,
        "changed": found.n_changed,
        "left_out": aside.counted(),
        "listing": [*aside.told(), *(annotated.notes if annotated else ()), *found.notes],
        "cpu_s": round(sum(r.cpu_s for r in results), 2),
        "seconds": round(seconds, 2),
        "times_real_time": round(new_audio_s / seconds, 2),
        **spent,
        "engine": engine,
        "workers": n_workers,
        "started": started,
        "out": settings.out,
    }
    output.save_run(settings.out, name, summary)
    return summary


def is_acceptable(summary: Mapping[str, Any], settings: MediaSettings) -> bool:
    """Whether no more files failed than the settings allow."""
    n_files = summary["recordings"] + summary["failed"]
    return summary["failed"] <= settings.max_failed_fraction * n_files


def _list(settings: MediaSettings) -> tuple[Iterator[MediaFile], Aside]:
    """The files of the input as they are found, at least one; and what else is found."""
    listing = media_files(settings.path)
    listed = _watched(listing)
    # What `extract` wrote into a folder below its input is output, not input.
    own = storage.join(settings.out, "audio") + "/"
    files = (file for file in listed if not file.uri.startswith(own))
    first = next(files, None)
    if first is None:
        raise none_found(settings.path, listing.aside)
    return itertools.chain([first], files), listing.aside


def _watched(files: Iterable[MediaFile]) -> Iterator[MediaFile]:
    """Files as they are found, counted on stderr: on a bar, or now and then in a line."""
    is_terminal, over, n_files = bars.is_watched(), threading.Event(), 0

    def watch() -> None:
        # Also while a page of a bucket is waited for.
        while not over.wait(bars.LINE_EVERY_S):
            print(f"listing: {n_files:,} files so far", file=sys.stderr, flush=True)

    if not is_terminal:
        threading.Thread(target=watch, daemon=True, name="emodist-listing").start()
    try:
        for file in bars.new(files, "listing", unit=" files", leave=False, disable=not is_terminal):
            n_files += 1
            yield file
    finally:
        over.set()


def _choose_engine(settings: MediaSettings, work: pa.Table) -> tuple[str, int]:
    """Ray where there is a cluster or much work; otherwise processes, which start at once."""
    engine = settings.engine
    if engine == "auto":
        hours = (pc.sum(work["audio_s"]).as_py() or 0.0) / 3600
        cluster = settings.address or os.environ.get("RAY_ADDRESS")
        engine = "ray" if work.num_rows and (cluster or hours > RAY_PAYS_FROM_H) else "local"
    if engine == "local" or not work.num_rows:
        return engine, settings.workers or os.cpu_count() or 1
    from emodist.pipelines import ray_engine

    n_cpus = ray_engine.connect(settings.address, settings.workers)
    return engine, settings.workers or n_cpus


def _progress(engine: str, work: pa.Table, settings: MediaSettings, n_workers: int) -> Progress:
    """Counts of nothing done yet; who occupies how many CPUs depends on the engine."""
    # Files of unknown or no size are some work too.
    sizes = {
        row["shard"]: Size(row["n_files"], max(row["audio_s"], row["n_files"]))
        for row in work.to_pylist()
    }
    if engine == "local":
        n_busy = min(n_workers, work.num_rows, os.cpu_count() or 1)
        return Progress(sizes, lambda: n_busy, settings.price_per_cpu_h)
    from emodist.pipelines import ray_engine

    most = min(settings.workers or work.num_rows, work.num_rows)
    return Progress(sizes, lambda: min(most, ray_engine.n_cpus()), settings.price_per_cpu_h)


def _work(
    engine: str, work: pa.Table, settings: MediaSettings, n_workers: int, progress: Progress
) -> list[ShardResult]:
    n_workers = min(n_workers, work.num_rows)
    if engine == "ray":
        from emodist.pipelines import ray_engine

        results = ray_engine.run(work, settings, n_workers)
    else:
        from emodist.pipelines import local_engine

        results = local_engine.run(work.to_pylist(), settings, n_workers)
    job = metrics.submitted_job() or settings.out
    show = metrics.dashboard(job) if engine == "ray" else None
    with metrics.logged():
        return list(_shown(results, progress, job, show))


def _shown(
    results: Iterable[ShardResult],
    progress: Progress,
    job: str,
    show: Callable[[dict[str, float]], None] | None,
) -> Iterator[ShardResult]:
    """Results, counted and told of: a bar on stderr, or now and then a line; logs; gauges."""
    is_terminal = bars.is_watched()
    lock, over = threading.Lock(), threading.Event()

    def tell() -> None:
        if show is not None:
            show(progress.values)
        bar.set_postfix_str(str(progress), refresh=is_terminal)

    def watch() -> None:
        # Also while no shard is done: a cluster may still have to start its first machine.
        while not over.wait(bars.LINE_EVERY_S):
            with lock:
                progress.look()
                tell()
                if not is_terminal:
                    print(bar, file=sys.stderr, flush=True)

    with (
        open(os.devnull, "w") as nowhere,
        bars.new(
            total=progress.n_files,
            file=sys.stderr if is_terminal else nowhere,
            # The time left is that of the sound that is left; tqdm's own is that of the files.
            bar_format="{percentage:3.0f}% {bar} {n_fmt} of {total_fmt} files {elapsed}{postfix}",
        ) as bar,
    ):
        watcher = threading.Thread(target=watch, daemon=True, name="emodist-progress")
        watcher.start()
        try:
            for result in results:
                n_files = progress.sizes[result.shard].n_files
                metrics.logger.info(metrics.line(job, result, n_files))
                with lock:
                    progress.shard_done(result)
                    bar.update(n_files)
                    tell()
                yield result
        finally:
            over.set()
            watcher.join()
