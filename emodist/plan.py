"""The plan: recordings cut into shards, and shards into groups; a log that only grows.

A shard is the unit of work: a fixed list of recordings, named by the hash of that list and the
settings. A group is the unit of output: shards whose rows become one file of sensible size.
Each planning writes one numbered file into `OUT/plan/`, and only if that number is still free:
two drivers that start at the same moment cannot plan a recording twice.
"""

import dataclasses
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emodist import schema, storage
from emodist.errors import CorpusError
from emodist.listing import MediaFile

# Seconds of sound in a file of unknown content, from its size: bytes for each second by suffix.
BYTES_PER_S = {"wav": 96_000, "flac": 30_000, "mp3": 20_000, "m4a": 16_000, "ogg": 12_000,
               "opus": 8_000}  # fmt: skip
VIDEO_BYTES_PER_S = 100_000
GROUP_BYTES = 128 * 2**20
# Each shard of a group looks for all its siblings.
GROUP_SHARDS = 64
SHARD_AUDIO_S = (120.0, 3600.0)
SHARD_FILES = 512


@dataclasses.dataclass(frozen=True)
class Sizing:
    """What one second of sound is predicted to become, and how finely to cut.

    `bytes_per_s` are bytes of output; `n_workers` decides how many shards share a small job.
    """

    bytes_per_s: float
    bytes_per_file: float
    n_workers: int


def audio_s(path: str, size_bytes: int | None) -> float:
    """Predicted seconds of sound, without opening the file."""
    suffix = PurePosixPath(path).suffix.lower().lstrip(".")
    return (size_bytes or 0) / BYTES_PER_S.get(suffix, VIDEO_BYTES_PER_S)


def recording(file: MediaFile, corpus: Any, name: str) -> dict[str, Any]:
    """What is planned for a media file: the fields of `schema.PLANNED`.

    A file that its corpus cannot place keeps the reason as its `problem`. Columns of a list win
    over the corpus; those that are neither speaker nor label become attributes.
    """
    problem, given = file.problem, dict(file.given)
    description = None
    try:
        description = corpus.describe(file.path)
    except CorpusError as error:
        if not {"speaker", "label"} <= given.keys():
            problem = problem or str(error)
    attributes = {**(description.attributes if description else {})}
    speaker = given.pop("speaker", None) or (description and description.speaker)
    label = given.pop("label", None) or (description and description.label)
    path, uri = _printable(file.path), _printable(file.uri)
    if uri != file.uri:
        problem = problem or f"{path} has a name that is not UTF-8; rename it"
    return {
        "recording_id": file.recording_id,
        "path": path,
        "uri": uri,
        "corpus": given.pop("corpus", None) or name,
        "speaker": speaker,
        "label": label,
        "size_bytes": file.size_bytes,
        "modified": file.modified,
        "attributes": json.dumps({**attributes, **given}, sort_keys=True),
        "problem": problem,
        "target": None,
        "attempts": 1,
    }


def cut(recordings: list[dict], fingerprint: str, sizing: Sizing) -> pa.Table:
    """Shards and groups for recordings that no plan holds yet, as rows of `schema.PLAN`."""
    total_s = sum(audio_s(r["path"], r["size_bytes"]) for r in recordings)
    low, high = SHARD_AUDIO_S
    shard_s = min(max(total_s / (8 * sizing.n_workers), low), high)
    shard_files = min(max(len(recordings) // (8 * sizing.n_workers), 8), SHARD_FILES)
    shards: list[list[dict]] = [[]]
    seconds = 0.0
    for row in recordings:
        length = audio_s(row["path"], row["size_bytes"])
        if shards[-1] and (seconds + length > shard_s or len(shards[-1]) >= shard_files):
            shards.append([])
            seconds = 0.0
        shards[-1].append(row)
        seconds += length
    groups: list[list[list[dict]]] = [[]]
    size = 0.0
    for shard in filter(None, shards):
        length = sum(audio_s(row["path"], row["size_bytes"]) for row in shard)
        grown = length * sizing.bytes_per_s + len(shard) * sizing.bytes_per_file
        if groups[-1] and (size + grown > GROUP_BYTES or len(groups[-1]) >= GROUP_SHARDS):
            groups.append([])
            size = 0.0
        groups[-1].append(shard)
        size += grown
    rows = []
    for group in filter(None, groups):
        names = [_name(shard, fingerprint) for shard in group]
        group_name = hashlib.blake2b("".join(names).encode(), digest_size=8).hexdigest()
        rows += [
            {"shard": name, "group": group_name, "group_shards": names, "recordings": shard}
            for name, shard in zip(names, group, strict=True)
        ]
    return pa.Table.from_pylist(rows, schema=schema.PLAN)


def parts(out: str) -> Iterator[pa.Table]:
    """What has been planned so far, oldest first."""
    folder = storage.join(out, "plan")
    for name in sorted(storage.names(folder)):
        if name.endswith(".parquet"):
            yield pq.read_table(io.BytesIO(storage.read(storage.join(folder, name))))


def extend(out: str, new: Callable[[list[pa.Table]], pa.Table]) -> list[pa.Table]:
    """All parts after adding what `new(parts)` plans; asked again if another driver was faster."""
    while True:
        known = list(parts(out))
        table = new(known)
        if table.num_rows == 0:
            return known
        data = io.BytesIO()
        pq.write_table(table, data, compression="zstd")
        name = f"{len(known):05d}.parquet"
        if storage.create(storage.join(out, "plan", name), data.getvalue()):
            return [*known, table]


def planned(parts: list[pa.Table], field: str) -> list[Any]:
    """One field of every planned recording, oldest first."""
    values: list[Any] = []
    for part in parts:
        values += part["recordings"].combine_chunks().flatten().field(field).to_pylist()
    return values


def _name(shard: list[dict], fingerprint: str) -> str:
    text = fingerprint + "".join(f"{row['recording_id']}.{row['attempts']}" for row in shard)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
