"""Arrow schemas of every table. Column names are spelled once, here.

A feature is a column of fixed-size lists of float32; one with two axes (`log_mel`) is an Arrow
fixed-shape tensor over such a list. Any Parquet reader reads both without this package. The
field's metadata names the elements: `emodist.labels` is a JSON list.
"""

import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

TIMESTAMP = pa.timestamp("ms", tz="UTC")

RECORDINGS = pa.schema(
    [
        ("recording_id", pa.string()),
        ("uri", pa.string()),
        ("corpus", pa.string()),
        ("speaker", pa.string()),
        ("label", pa.string()),
        ("size_bytes", pa.int64()),
        ("modified", TIMESTAMP),
        ("duration_s", pa.float64()),
        ("audio_sha", pa.string()),
        ("attributes", pa.string()),
        ("offset_s", pa.float64()),
        ("filled_s", pa.float64()),
        ("lost_s", pa.float64()),
        ("tracks", pa.string()),
        ("track", pa.int32()),
        ("damage", pa.string()),
        ("remark", pa.string()),
    ]
)

SEGMENTS = pa.schema(
    [
        ("recording_id", pa.string()),
        ("segment", pa.int32()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("uri", pa.string()),
        ("corpus", pa.string()),
        ("speaker", pa.string()),
        ("label", pa.string()),
        ("audio_sha", pa.string()),
        ("speech_fraction", pa.float32()),
    ]
)

# Of rows that annotations label, and of no others.
OVERLAP = pa.field("overlap", pa.float32())

FAILURES = pa.schema(
    [
        ("recording_id", pa.string()),
        ("uri", pa.string()),
        ("stage", pa.string()),
        ("error", pa.string()),
        ("message", pa.string()),
        ("attempts", pa.int32()),
        ("when", TIMESTAMP),
    ]
)

# What a column holds, in the tables above; the documents show it.
MEANINGS = {
    "recording_id": "the file, by its path, size and modification time or ETag; that of an "
    "augmented variant ends in `-1`, `-2`, ...",
    "uri": "where the file is",
    "corpus": "the adapter that read it",
    "speaker": "who speaks, as the corpus says; null where it says nothing",
    "label": "the emotion, in the corpus's own words; null where none is given",
    "size_bytes": "bytes of the file",
    "modified": "when it was changed last; null where the storage does not say",
    "duration_s": "seconds of sound, with `filled_s`",
    "audio_sha": "hash of the decoded samples: the same for the same sound under two names",
    "attributes": "all else that the corpus or the list says of the file, as JSON; of a variant, "
    "also `parent` and `augmentation`",
    "offset_s": "when the sound begins, seconds from the start of the film; null, as all that "
    "follows, in rows of emodist 0.1",
    "filled_s": "silence that was put in where the file's clock says that there is no sound, "
    "seconds",
    "lost_s": "sound that could not be decoded or was cut off, seconds",
    "tracks": "the audio tracks of the file: number, codec, language, `default`",
    "track": "which of them was read, from 1",
    "damage": "what is wrong with a file that `damaged=keep` kept; null where nothing is",
    "remark": "what is odd about its sound: channels that cancel, a last moment that is missing",
    "segment": "number of the segment in its recording, from 0",
    "start_s": "where it begins, seconds from the start of the film",
    "end_s": "where it ends, seconds from the start of the film",
    "speech_fraction": "share of it that is speech, or may be (setting `speech`)",
    "overlap": "share of it in which two people or more speak, by the annotations; only with "
    "`segments`",
    "stage": "where it failed: `list`, `decode` or `process`",
    "error": "the exception's name",
    "message": "what happened, in words",
    "attempts": "how often it was tried",
    "when": "of the last attempt",
}

# What the plan knows of a media file before any of it is decoded. `problem` says why a file
# cannot even be tried; `target` is the sound file that `extract` writes; `spans` are pieces of it
# that annotations label, as JSON (`media.spans`).
PLANNED = pa.struct(
    [
        ("recording_id", pa.string()),
        ("path", pa.string()),
        ("uri", pa.string()),
        ("corpus", pa.string()),
        ("speaker", pa.string()),
        ("label", pa.string()),
        ("size_bytes", pa.int64()),
        ("modified", TIMESTAMP),
        ("attributes", pa.string()),
        ("problem", pa.string()),
        ("target", pa.string()),
        ("spans", pa.string()),
        ("attempts", pa.int32()),
    ]
)

# One row per shard: the unit of work. Shards of one group become one output file. `audio_s` are
# seconds of sound, predicted from the sizes of the files.
PLAN = pa.schema(
    [
        ("shard", pa.string()),
        ("group", pa.string()),
        ("group_shards", pa.list_(pa.string())),
        ("n_files", pa.int32()),
        ("audio_s", pa.float64()),
        ("recordings", pa.list_(PLANNED)),
    ]
)

# What a worker is told of a shard: where its row of `PLAN` stands.
WORK = pa.schema(
    [
        ("shard", pa.string()),
        ("group", pa.string()),
        ("n_files", pa.int32()),
        ("audio_s", pa.float64()),
        ("part", pa.string()),
        ("row_group", pa.int32()),
    ]
)


def features(
    columns: Iterable[tuple[str, tuple[int, ...], tuple[str, ...]]], is_annotated: bool = False
) -> pa.Schema:
    """Schema of a feature table; one whose rows annotations label has the column `overlap`.

    Parameters
    ----------
    columns : (name, shape, labels) of each feature
        `labels` name the elements; those of a feature with two axes follow from its shape.
    """
    more = [OVERLAP] if is_annotated else []
    return pa.schema([*SEGMENTS, *more, *(_feature(*column) for column in columns)])


def labels(field: pa.Field) -> list[str]:
    """Names of the numbers in one cell of a column, in order; none for a key column."""
    if isinstance(field.type, pa.FixedShapeTensorType):
        return [
            f"{field.name}_{'_'.join(str(i + 1) for i in index)}"
            for index in np.ndindex(*field.type.shape)
        ]
    return json.loads((field.metadata or {}).get(b"emodist.labels", b"[]"))


def is_feature(field: pa.Field) -> bool:
    return _is_image(field) or b"emodist.labels" in (field.metadata or {})


def column(field: pa.Field, values: np.ndarray) -> pa.Array:
    """Rows of a feature, shape (n_rows, ...), as an Arrow column of its field."""
    flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
    if _is_image(field):
        lists = pa.FixedSizeListArray.from_arrays(flat, type=field.type.storage_type)
        return pa.ExtensionArray.from_storage(field.type, lists)
    return pa.FixedSizeListArray.from_arrays(flat, type=field.type)


def values(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The numbers of a feature column, float32, shape (n_rows, n_numbers)."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    lists = [chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk for chunk in chunks]
    width = getattr(column.type, "storage_type", column.type).list_size
    parts = [part.flatten().to_numpy(zero_copy_only=False) for part in lists]
    # One chunk is not copied: whole row groups of images come this way in each epoch.
    flat = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.float32), *parts])
    return flat.reshape(-1, width)


def row_bytes(schema: pa.Schema) -> int:
    """Bytes of one row of a feature table before compression, for planning."""
    widths = (getattr(f.type, "storage_type", f.type).list_size for f in schema if is_feature(f))
    return 24 * len(SEGMENTS) + 4 * sum(widths)


def _feature(name: str, shape: tuple[int, ...], labels: tuple[str, ...]) -> pa.Field:
    if len(shape) > 1:
        return pa.field(name, pa.fixed_shape_tensor(pa.float32(), shape))
    # A named or non-null element would be lost when a batch is pickled (pyarrow 26).
    lists = pa.list_(pa.float32(), shape[0])
    return pa.field(name, lists, metadata={"emodist.labels": json.dumps(labels)})


def _is_image(field: pa.Field) -> bool:
    return isinstance(field.type, pa.FixedShapeTensorType)
