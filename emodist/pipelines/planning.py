"""What a run adds to the plan: new and changed files and, if asked for, those that failed."""

import dataclasses
import gc
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from emodist.media import names, output, plan, plan_log, shards, variants
from emodist.media.files import MediaFile
from emodist.media.plan_log import PlanLog
from emodist.media.settings import ExtractSettings, FeaturizeSettings, MediaSettings
from emodist.tables import schema

# Files that are planned at once: of an archive, no more than these are in memory.
CHUNK_FILES = 65_536


def extend(
    log: PlanLog, files: Iterable[MediaFile], settings: MediaSettings, retry_failed: bool = False
) -> "Extended":
    """Plan what is new.

    A run that is killed here leaves a plan of a part of the files, which the next one completes.
    """
    # Else all that is loaded is searched for garbage time and again while millions of files pass.
    gc.freeze()
    planner = _Planner(log, settings)
    failed = output.failed_attempts(settings.out) if retry_failed else {}
    gone = {variants.original(recording_id) for recording_id in failed}
    # Classes are balanced among all that is new.
    is_whole = isinstance(settings, FeaturizeSettings) and settings.augment_balance
    refused: set[str] = set()
    waiting = plan.known(files, planner.corpus)
    while chunk := list(itertools.islice(waiting, None if is_whole else CHUNK_FILES)):
        if gone:
            gone.difference_update(file.recording_id for file in chunk)
        refused.update(file.recording_id for file in chunk if file.path.endswith("/"))
        planner.add(chunk)
    planner.add_again({k: n for k, n in failed.items() if variants.original(k) not in gone})
    return Extended(planner.n_changed, refused, planner.corpus.notes())


@dataclasses.dataclass(frozen=True)
class Extended:
    """What a run found when it planned.

    `n_changed` files were planned before and have changed since; `refused_folders` are the ids of
    those that cannot be read; `notes` are the corpus's.
    """

    n_changed: int
    refused_folders: set[str]
    notes: list[str]


class _Planner:
    def __init__(self, log: PlanLog, settings: MediaSettings):
        self.log, self.settings = log, settings
        self.corpus = settings.build_corpus().opened(settings.path)
        self.fingerprint, self.sizing = settings.fingerprint(), _sizing(settings)
        self.audio_s, self.n_files, self.n_changed = 0.0, 0, 0

    def add(self, files: list[MediaFile]) -> None:
        """Plan those of the files that are not planned yet."""
        new = files

        def cut() -> pa.Table:
            nonlocal new
            new = self.log.unplanned(new)
            return self._cut(self._recordings(new)) if new else schema.PLAN.empty_table()

        self._add(cut)
        self.n_changed += self.log.n_changed(new)

    def add_again(self, failed: dict[str, int]) -> None:
        """Plan failed recordings as they were planned before, with one more attempt."""
        ids = pa.array(failed, pa.string())

        def cut() -> pa.Table:
            latest = {}
            for rows in plan_log.row_groups(self.log.out):
                tried = rows.filter(pc.is_in(rows["recording_id"], ids)).drop_columns("group")
                latest.update({row["recording_id"]: row for row in tried.to_pylist()})
            again = [
                {**row, "attempts": row["attempts"] + 1}
                for recording_id, row in latest.items()
                # Another driver may have planned it again.
                if row["attempts"] == failed[recording_id]
            ]
            return self._cut(plan.batch(again))

        if failed:
            self._add(cut)

    def _add(self, cut: Callable[[], pa.Table]) -> None:
        table = self.log.add(cut)
        self.n_files += pc.sum(table["n_files"]).as_py() or 0
        self.audio_s += pc.sum(table["audio_s"]).as_py() or 0.0

    def _cut(self, recordings: pa.RecordBatch) -> pa.Table:
        return plan.cut(recordings, self.fingerprint, self.sizing, self.audio_s, self.n_files)

    def _recordings(self, files: list[MediaFile]) -> pa.RecordBatch:
        settings = self.settings
        rows = plan.recordings(files, self.corpus, settings.corpus)
        if isinstance(settings, FeaturizeSettings) and settings.augment:
            made = variants.planned(rows.to_pylist(), settings)
            return pa.concat_batches([rows, plan.batch(made)])
        if isinstance(settings, ExtractSettings):
            index = rows.schema.get_field_index("target")
            targets = pa.array(self._targets(rows, settings.format), pa.string())
            return rows.set_column(index, rows.schema.field(index), targets)
        return rows

    def _targets(self, rows: pa.RecordBatch, suffix: str) -> list[str]:
        """`a/x.mp4` becomes `audio/a/x.wav`; a second one of that name keeps its suffix too.

        A folder may be named as a sound file is: neither takes the other's name.
        """
        taken: set[str] = set()
        folders: set[str] = set()

        def take(target: str) -> None:
            taken.add(target)
            folders.update(map(str, PurePosixPath(target).parents))

        for planned in plan_log.row_groups(self.log.out, "target"):
            for target in planned["target"].to_pylist():
                take(target)
        targets = []
        for recording_id, name in zip(
            rows["recording_id"].to_pylist(), rows["path"].to_pylist(), strict=True
        ):
            path = PurePosixPath("audio", name.replace("://", "/").lstrip("/"))
            target = names.fitting(str(path.with_suffix(f".{suffix}")))
            is_taken = target in taken or target in folders
            is_below = not taken.isdisjoint(map(str, PurePosixPath(target).parents))
            if is_taken or is_below or ".." in path.parts:
                target = names.fitting(f"audio/{recording_id}/{path.name}.{suffix}")
            take(target)
            targets.append(target)
        return targets


def _sizing(settings: MediaSettings) -> plan.Sizing:
    n_workers = settings.workers or os.cpu_count() or 1
    if not isinstance(settings, FeaturizeSettings):
        return plan.Sizing(bytes_per_s=0.0, bytes_per_file=300.0, n_workers=n_workers)
    row = schema.row_bytes(shards.table_schemas(settings)["features"])
    step_s = settings.hop_s or settings.segment_s
    per_s = row / step_s if isinstance(step_s, float) else row / 4
    return plan.Sizing(bytes_per_s=per_s, bytes_per_file=row, n_workers=n_workers)
