"""One shard of work, done once: staged when it is finished, published with its group.

While a job runs, each finished shard lies in `OUT/staging/GROUP/SHARD/`; its `recordings.arrow`
is written last and is its receipt. Where a network follows, decoding leaves `segments.arrow` with
the receipt `decoded.arrow`, from which the second half makes the rest. Whoever finishes the last
shard of a group publishes the group: `failures/GROUP.parquet`, `features/GROUP.parquet`,
`recordings/GROUP.parquet`, the last being the receipt, and then removes the staged files. Names
are fixed and files appear whole, so a second attempt, or a second worker, writes the same files
again and nothing is lost or doubled; a reader of the three folders never sees a row twice.
"""

import dataclasses
import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emodist import storage
from emodist.errors import AudioError, CorpusError, EmodistError, FileTimeoutError, ProcessDiedError
from emodist.media import stages
from emodist.media.child import Child
from emodist.media.settings import FeaturizeSettings, MediaSettings
from emodist.media.sound import Outcome, Outcomes
from emodist.media.stages import Saved
from emodist.tables import parquet, schema, stream


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
        self.decoder = Child(stages.decoding, settings, settings.file_memory_gb)
        self.embedder = Child(stages.embedding, settings)
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
        except (EmodistError, FileNotFoundError):
            # Another run published the group and removed the staged files under this one, or under
            # its child, whatever either was doing with them.
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
        out, recordings = self.settings.out, shard["recordings"]
        if isinstance(self.settings, FeaturizeSettings):
            name = "segments" if self.has_network else "features"
            with storage.new_file(staged(out, shard, name)) as path:
                head = stages.decoded_schema(self.settings).serialize()
                Path(path).write_bytes(head)
                outcomes = self._outcomes(recordings, path, head.size, result)
        else:
            outcomes = self._outcomes(recordings, None, 0, result)
        done, failed = [], []
        for recording in recordings:
            outcome = outcomes[recording["recording_id"]]
            if isinstance(outcome, Outcome):
                done.append({**recording, **outcome.columns()})
                result.audio_s += outcome.duration_s
            else:
                failed.append(failure(recording, outcome))
        _write(staged(out, shard, "failures"), failed, schema.FAILURES)
        _write(staged(out, shard, receipt), done, schema.RECORDINGS)
        result.n_recordings, result.n_failed = len(done), len(failed)

    def _outcomes(
        self, recordings: list[dict[str, Any]], path: str | None, n_bytes: int, result: ShardResult
    ) -> Outcomes:
        """What became of each recording; the rows of those that are done are in the file."""
        outcomes: Outcomes = {
            r["recording_id"]: CorpusError(r["problem"]) for r in recordings if r["problem"]
        }
        suspect = None
        while waiting := [r for r in recordings if r["recording_id"] not in outcomes]:
            current = waiting[0]["recording_id"]
            try:
                for message in self.decoder.run((waiting, path)):
                    if isinstance(message, Saved):
                        outcomes |= message.outcomes
                        n_bytes = message.n_bytes
                        result.cpu_s += message.cpu_s
                    elif message is not None:
                        current = message
            except (ProcessDiedError, FileTimeoutError) as error:
                # A process may be killed from outside; a file that kills it does so twice.
                if isinstance(error, FileTimeoutError) or current == suspect:
                    outcomes[current] = error
                suspect = current
                if path:
                    # Rows after the last that were reported are made again.
                    os.truncate(path, n_bytes)
        return outcomes

    def _embed(self, shard: dict[str, Any], result: ShardResult) -> None:
        out = self.settings.out
        head = self.schemas["features"].serialize()
        for is_last_try in (False, True):
            try:
                with storage.new_file(staged(out, shard, "features")) as path:
                    Path(path).write_bytes(head)
                    for message in self.embedder.run((staged(out, shard, "segments"), path)):
                        result.cpu_s += message.cpu_s if message else 0.0
                break
            except ProcessDiedError:
                # It may have been killed from outside: no file can be blamed.
                if is_last_try:
                    raise
        receipt = storage.read(staged(out, shard, "decoded"))
        storage.write(staged(out, shard, "recordings"), receipt)


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
        with parquet.writer(published(out, table, group), table_schema) as write:
            for shard in shards:
                receipt = pa.Table.from_batches(
                    _staged(out, shard, "recordings", schema.RECORDINGS), schema.RECORDINGS
                )
                for batch in _staged(out, shard, table, table_schema):
                    write(_completed(batch, receipt) if table == "features" else batch)
    storage.remove(storage.join(out, "staging", group))


def _staged(
    out: str, shard: dict[str, Any], table: str, wanted: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Batches of a staged table; columns that an earlier emodist did not know are null."""
    for batch in stream.batches(staged(out, shard, table)):
        for field in wanted:
            if field.name not in batch.schema.names:
                batch = batch.append_column(field, pa.nulls(batch.num_rows, field.type))
        yield batch


def _completed(batch: pa.RecordBatch, recordings: pa.Table) -> pa.RecordBatch:
    position = pc.index_in(batch["recording_id"], recordings["recording_id"].combine_chunks())
    if position.null_count:
        batch, position = batch.filter(pc.is_valid(position)), position.drop_null()
    sha = recordings["audio_sha"].combine_chunks().take(position)
    index = batch.schema.get_field_index("audio_sha")
    return batch.set_column(index, batch.schema.field(index), sha)


def _write(uri: str, rows: list[dict[str, Any]], table_schema: pa.Schema) -> None:
    stream.write(uri, pa.RecordBatch.from_pylist(rows, schema=table_schema))
