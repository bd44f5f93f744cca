"""The plan of a job: media files become recordings, recordings shards, and shards groups.

A shard is the unit of work: a fixed list of recordings, named by the hash of that list and the
settings. A group is the unit of output: shards whose rows become one file of sensible size.
Everything here is columns of some ten thousand files at a time; `media.plan_log` keeps them.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emodist.errors import CorpusError
from emodist.media.files import MediaFile, shown
from emodist.plugins.folders import told
from emodist.tables import schema
from emodist.tables.sheets import printable

NOT_UTF8 = "{} has a name that is not UTF-8; rename it"
# Seconds of sound in a file of unknown content, from its size: bytes for each second by suffix.
BYTES_PER_S = {"wav": 96_000, "flac": 30_000, "mp3": 20_000, "m4a": 16_000, "ogg": 12_000,
               "opus": 8_000}  # fmt: skip
VIDEO_BYTES_PER_S = 100_000
GROUP_BYTES = 128 * 2**20
# Each shard of a group looks for all its siblings.
GROUP_SHARDS = 64
# A small job has shards of minutes, so that all workers have some; the usual one of an hour, which
# is what a kill may cost. An archive that has thousands of those has longer ones, or the shards
# themselves would be a burden: a million hours are some 80,000.
SHARD_AUDIO_S = (120.0, 3600.0, 16 * 3600.0)
MANY_SHARDS = 4000
SHARD_FILES = 512


@dataclasses.dataclass(frozen=True)
class Sizing:
    """What one second of sound is predicted to become, and how finely to cut.

    `bytes_per_s` are bytes of output; `n_workers` decides how many shards share a small job.
    """

    bytes_per_s: float
    bytes_per_file: float
    n_workers: int

    def shard_limits(self, audio_s: float, n_files: int) -> tuple[float, int]:
        """Seconds and files that a shard may have, of a job that has so many."""
        low, usual, high = SHARD_AUDIO_S
        most = max(usual, min(audio_s / MANY_SHARDS, high, GROUP_BYTES / (self.bytes_per_s or 1)))
        n_wanted = 8 * self.n_workers
        files = min(max(n_files // n_wanted, 8), SHARD_FILES)
        return min(max(audio_s / n_wanted, low), most), files


def audio_s(path: str, size_bytes: int | None) -> float:
    """Predicted seconds of sound, without opening the file."""
    suffix = path.rpartition(".")[2].lower()
    return (size_bytes or 0) / BYTES_PER_S.get(suffix, VIDEO_BYTES_PER_S)


def known(files: Iterable[MediaFile], corpus: Any) -> Iterator[MediaFile]:
    """Files as they come, once one of them is known to the corpus.

    Raises
    ------
    CorpusError
        After the last one, if the user's own table of them names none of these.
    """
    waiting: list[MediaFile] = []
    for file in (files := iter(files)):
        waiting.append(file)
        if corpus.knows(file.path):
            break
    else:
        if waiting:
            raise corpus.stranger()
    yield from waiting
    for file in files:
        corpus.knows(file.path)
        yield file


def recordings(files: Sequence[MediaFile], corpus: Any, name: str) -> pa.RecordBatch:
    """What is planned for media files, of which there is at least one: rows of `schema.PLANNED`.

    A file that its corpus cannot place keeps the reason as its `problem`. Columns of a list win
    over the corpus; those that are neither speaker nor label become attributes.
    """
    described = [_described(file, corpus, name) for file in files]
    columns = {
        "recording_id": [file.recording_id for file in files],
        "path": [printable(file.path) for file in files],
        "uri": [printable(file.uri) for file in files],
        "corpus": [texts[0] for texts in described],
        "speaker": [texts[1] for texts in described],
        "label": [texts[2] for texts in described],
        "size_bytes": [file.size_bytes for file in files],
        "modified": [file.modified_ms for file in files],
        "attributes": [texts[3] for texts in described],
        "problem": [texts[4] for texts in described],
        "target": [None] * len(files),
        "spans": [file.spans for file in files],
        "attempts": [1] * len(files),
    }
    return pa.RecordBatch.from_pydict(columns, schema=pa.schema(list(schema.PLANNED)))


def batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows of `schema.PLANNED` as columns."""
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(list(schema.PLANNED)))


def cut(
    recordings: pa.RecordBatch,
    fingerprint: str,
    sizing: Sizing,
    before_s: float = 0.0,
    before_files: int = 0,
) -> pa.Table:
    """Shards and groups of recordings, in their order, as rows of `schema.PLAN`.

    Parameters
    ----------
    recordings : rows of schema.PLANNED
    before_s, before_files : float, int
        What of the same job was cut before.
    """
    if not recordings.num_rows:
        return schema.PLAN.empty_table()
    paths, sizes = recordings["path"].to_pylist(), recordings["size_bytes"].to_pylist()
    seconds = np.fromiter(map(audio_s, paths, sizes), np.float64, len(paths))
    limits = sizing.shard_limits(before_s + seconds.sum(), before_files + len(paths))
    starts = _bounds(seconds, *limits)
    n_files, shard_s = np.diff(starts), np.add.reduceat(seconds, starts[:-1])
    ids, attempts = recordings["recording_id"].to_pylist(), recordings["attempts"].to_pylist()
    tries = [
        f"{recording_id}.{attempt}" for recording_id, attempt in zip(ids, attempts, strict=True)
    ]
    names = [_hash(fingerprint, *tries[a:b]) for a, b in itertools.pairwise(starts)]
    n_bytes = shard_s * sizing.bytes_per_s + n_files * sizing.bytes_per_file
    ends = _bounds(n_bytes, GROUP_BYTES, GROUP_SHARDS)
    groups = [names[a:b] for a, b in itertools.pairwise(ends)]
    offsets = pa.array(starts, pa.int32())
    columns = {
        "shard": names,
        "group": [_hash(*group) for group in groups for _ in group],
        "group_shards": [group for group in groups for _ in group],
        "n_files": n_files,
        "audio_s": shard_s,
        "recordings": pa.ListArray.from_arrays(offsets, recordings.to_struct_array()),
    }
    return pa.Table.from_pydict(columns, schema=schema.PLAN)


def _described(file: MediaFile, corpus: Any, name: str) -> tuple[str | None, ...]:
    """Corpus, speaker, label, attributes, problem."""
    description, problem = None, file.problem
    try:
        description = corpus.describe(file.path)
    except Exception as error:
        if not {"speaker", "label"} <= file.given.keys():
            said = str(error) if isinstance(error, CorpusError) else told(error)
            problem = problem or said
    speaker = description and description.speaker
    label = description and description.label
    attributes = description.attributes if description else {}
    if file.given:
        given: dict[str, Any] = {**file.given}
        speaker = given.pop("speaker", None) or speaker
        label = given.pop("label", None) or label
        name = given.pop("corpus", None) or name
        attributes = {**attributes, **given}
    if printable(file.uri) != file.uri:
        problem = problem or NOT_UTF8.format(shown(file.path))
    text = json.dumps(dict(attributes), sort_keys=True) if attributes else "{}"
    if "\\ud" in text:
        # Half of a pair, which stands for a byte that is not UTF-8.
        text = json.dumps({k: printable(str(v)) for k, v in attributes.items()}, sort_keys=True)
    # Folders name speakers and labels, and may not be UTF-8 either.
    found = (name, speaker, label, text, problem)
    return tuple(None if word is None else printable(word) for word in found)


def _bounds(amounts: NDArray[np.float64], most: float, most_items: int) -> list[int]:
    """Where to cut so that neither the sum nor the number of items between two cuts is exceeded.

    An item that is too large alone stands alone.

    Examples
    --------
    >>> _bounds(np.array([1.0, 1.0, 1.0, 9.0, 1.0]), 2.0, 10)
    [0, 2, 3, 4, 5]
    """
    total = np.concatenate([[0.0], np.cumsum(amounts)])
    bounds = [0]
    while (first := bounds[-1]) < len(amounts):
        end = int(np.searchsorted(total, total[first] + most, "right")) - 1
        bounds.append(min(max(end, first + 1), first + most_items, len(amounts)))
    return bounds


def _hash(*texts: str) -> str:
    return hashlib.blake2b("".join(texts).encode(), digest_size=8).hexdigest()
