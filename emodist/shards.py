"""One shard of work, done once: staged when it is finished, published with its group.

While a job runs, each finished shard lies in `OUT/staging/GROUP/SHARD/`; its `recordings.arrow`
is written last and is its receipt. Where a network follows, decoding leaves `segments.arrow` with
the receipt `decoded.arrow`, from which the second half makes the rest. Whoever finishes the last
shard of a group publishes the group: `failures/GROUP.parquet`, `features/GROUP.parquet`,
`recordings/GROUP.parquet`, the last being the receipt, and then removes the staged files. Names
are fixed and files appear whole, so a second attempt, or a second worker, writes the same files
again and nothing is lost or doubled; a reader of the three folders never sees a row twice.
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emodist import schema, stages, storage, tables
from emodist.child import Child, ProcessDiedError
from emodist.config import FeaturizeSettings, MediaSettings
from emodist.errors import AudioError, CorpusError, EmodistError, OutputError
from emodist.stages import Outcome

# Rows of so many bytes are embedded at once: some minutes of sound, hundreds of patches.
EMBED_BYTES = 16 * 2**20


@dataclasses.dataclass
class ShardResult:
    """What a shard came to; zeros when another run had done it."""

    shard: str
    n_recordings: int = 0
    n_failed: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0


class ShardRunner:
    """Does shards one after another; made once in each worker.

    Parameters
    ----------
    settings : MediaSettings
        Of the job; which stages run follows from them.
    does_decode, does_embed : bool
        A job with a network may give its two halves to two pools of workers; the second half
        publishes.
    """

    def __init__(self, settings: MediaSettings, does_decode: bool = True, does_embed: bool = True):
        self.settings = settings
        self.does_decode, self.does_embed = does_decode, does_embed
        self.has_network = has_network(settings)
        self.decoder, self.embedder = Child("decode", settings), Child("embed", settings)
        self.schemas = table_schemas(settings)

    def __call__(self, shard: dict[str, Any]) -> ShardResult:
        """Stage the shard unless that is done, and publish its group if it is complete.

        Parameters
        ----------
        shard : dict
            A row of `schema.PLAN`.

        Raises
        ------
        OutputError
            If the output cannot be written. What was finished before stays.
        """
        result = ShardResult(shard["shard"])
        try:
            self._run(shard, result)
        except (OutputError, FileNotFoundError):
            # Another run published the group and removed the staged files under this one.
            if not storage.exists(published(self.settings.out, "recordings", shard["group"])):
                raise
        return result

    def close(self) -> None:
        self.decoder.close()
        self.embedder.close()

    def _run(self, shard: dict[str, Any], result: ShardResult) -> None:
        out = self.settings.out
        if storage.exists(published(out, "recordings", shard["group"])):
            return
        if not storage.exists(staged(out, shard, "recordings")):
            receipt = "decoded" if self.has_network else "recordings"
            if self.does_decode and not storage.exists(staged(out, shard, receipt)):
                self._decode(shard, receipt, result)
            if self.has_network:
                if not self.does_embed:
                    return
                self._embed(shard, result)
        siblings = [{**shard, "shard": name} for name in shard["group_shards"]]
        if all(storage.exists(staged(out, sibling, "recordings")) for sibling in siblings):
            publish(out, siblings, self.schemas)

    def _decode(self, shard: dict[str, Any], receipt: str, result: ShardResult) -> None:
        out = self.settings.out
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        with self._decoded_rows(shard) as write:
            for recording in shard["recordings"]:
                try:
                    outcome = self._recording(recording, write)
                except OutputError:
                    raise
                except EmodistError as error:
                    failed.append(failure(recording, error))
                else:
                    done.append({**recording, **vars(outcome)})
                    result.audio_s += outcome.duration_s
                    result.cpu_s += outcome.cpu_s
        _write(staged(out, shard, "failures"), failed, schema.FAILURES)
        _write(staged(out, shard, receipt), done, schema.RECORDINGS)
        result.n_recordings, result.n_failed = len(done), len(failed)

    def _decoded_rows(self, shard: dict[str, Any]) -> AbstractContextManager[tables.Write]:
        if not isinstance(self.settings, FeaturizeSettings):
            return contextlib.nullcontext(lambda batch: None)
        name = "segments" if self.has_network else "features"
        return tables.arrow_writer(
            staged(self.settings.out, shard, name), stages.decoded_schema(self.settings)
        )

    def _recording(self, recording: dict[str, Any], write: tables.Write) -> Outcome:
        if recording["problem"]:
            raise CorpusError(recording["problem"])
        n_staged = 0
        for is_last_try in (False, True):
            n_seen = 0
            try:
                for message in self.decoder.run(recording):
                    if isinstance(message, Outcome):
                        outcome = message
                    elif message is not None:
                        # A second try makes the rows of the first again.
                        write(message.slice(max(0, n_staged - n_seen)))
                        n_seen += message.num_rows
                break
            except ProcessDiedError:
                # A process may be killed from outside; a file that kills it does so twice.
                if is_last_try:
                    raise
                n_staged = n_seen
        return outcome

    def _embed(self, shard: dict[str, Any], result: ShardResult) -> None:
        out = self.settings.out
        batches = tables.arrow_batches(staged(out, shard, "segments"))
        with tables.arrow_writer(staged(out, shard, "features"), self.schemas["features"]) as write:
            for window in _windows(batches, EMBED_BYTES):
                for message in self._embedded(window):
                    if isinstance(message, pa.RecordBatch):
                        write(message)
                    else:
                        result.cpu_s += message
        decoded = list(tables.arrow_batches(staged(out, shard, "decoded")))
        with tables.arrow_writer(staged(out, shard, "recordings"), schema.RECORDINGS) as write:
            for batch in decoded:
                write(batch)

    def _embedded(self, window: list[pa.RecordBatch]) -> list[Any]:
        try:
            return list(self.embedder.run(window))
        except ProcessDiedError:
            # It may have been killed from outside: no file can be blamed.
            return list(self.embedder.run(window))


def failure(recording: dict[str, Any], error: EmodistError) -> dict[str, Any]:
    """A row of `failures`: what happened to a file, in words for a person."""
    stages_of = {CorpusError: "list", AudioError: "decode"}
    name = recording["path"].rsplit("/", 1)[-1]
    return {
        **recording,
        "stage": stages_of.get(type(error), "process"),
        "error": type(error).__name__,
        "message": str(error) if name in str(error) else f"{name}: {error}",
        "when": datetime.datetime.now(datetime.UTC),
    }


def table_schemas(settings: MediaSettings) -> dict[str, pa.Schema]:
    """The tables that a job writes, by folder name; the last one is the receipt."""
    schemas = {"failures": schema.FAILURES}
    if isinstance(settings, FeaturizeSettings):
        schemas["features"] = stages.feature_schema(settings)
    return {**schemas, "recordings": schema.RECORDINGS}


def has_network(settings: MediaSettings) -> bool:
    """Whether rows pass through a network after decoding."""
    return isinstance(settings, FeaturizeSettings) and bool(settings.network_features())


def staged(out: str, shard: dict[str, Any], table: str) -> str:
    return storage.join(out, "staging", shard["group"], shard["shard"], f"{table}.arrow")


def published(out: str, table: str, group: str) -> str:
    return storage.join(out, table, f"{group}.parquet")


def publish(out: str, shards: list[dict[str, Any]], schemas: dict[str, pa.Schema]) -> None:
    """Make the output files of a group of staged shards, in bounded memory.

    Rows of a recording that failed half way are left out, and every segment gets the hash of its
    recording's sound, which was not known when the segment was made.
    """
    group = shards[0]["group"]
    for table, table_schema in schemas.items():
        with tables.parquet_writer(published(out, table, group), table_schema) as write:
            for shard in shards:
                receipt = pa.Table.from_batches(
                    tables.arrow_batches(staged(out, shard, "recordings")), schema.RECORDINGS
                )
                for batch in tables.arrow_batches(staged(out, shard, table)):
                    write(_completed(batch, receipt) if table == "features" else batch)
    storage.remove(storage.join(out, "staging", group))


def _completed(batch: pa.RecordBatch, recordings: pa.Table) -> pa.RecordBatch:
    position = pc.index_in(batch["recording_id"], recordings["recording_id"].combine_chunks())
    batch = batch.filter(pc.is_valid(position))
    sha = recordings["audio_sha"].combine_chunks().take(position.drop_null())
    index = batch.schema.get_field_index("audio_sha")
    return batch.set_column(index, batch.schema.field(index), sha)


def _write(uri: str, rows: list[dict[str, Any]], table_schema: pa.Schema) -> None:
    with tables.arrow_writer(uri, table_schema) as write:
        write(pa.RecordBatch.from_pylist(rows, schema=table_schema))


def _windows(batches: Iterable[pa.RecordBatch], n_bytes: int) -> Iterator[list[pa.RecordBatch]]:
    window: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        window.append(batch)
        size += batch.nbytes
        if size > n_bytes:
            yield window
            window, size = [], 0
    if window:
        yield window
