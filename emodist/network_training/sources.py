"""Where the rows of a network lie: in memory, in the files of a table, or scaled by speaker."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from emodist.errors import ConfigError
from emodist.learning import speaker_norm
from emodist.learning.dataset import Dataset
from emodist.learning.speaker_norm import Moments, Statistics
from emodist.registry import suggest
from emodist.tables import locate, schema
from emodist.tables.parquet import RowGroup

# Row groups that fit into so many bytes are read once and kept.
KEEP_BYTES = 2**30
# Rows are copied in pieces of so many bytes, which memory that was used before can hold; fresh
# memory costs more than the copy.
COPY_BYTES = 2**20
# A spread that is only rounding would blow noise up (of numbers that are the same in all rows).
LEAST_SPREAD = 1e-5


class Source(Protocol):
    """Rows by number. `shape` is of one row; `groups` says which rows are best read together."""

    shape: tuple[int, ...]
    groups: np.ndarray

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Float32, shape (len(rows), *shape), in the order of `rows`."""


class ArraySource:
    """Rows in memory, float32, shape (n_rows, n_numbers) or (n_rows, n_mels, n_frames)."""

    def __init__(self, x: np.ndarray):
        self.x = x
        self.shape = x.shape[1:]
        self.groups = np.zeros(len(x), np.int32)

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.x[rows]


class TableSource:
    """Rows of a feature table, read from its Parquet files when they are asked for.

    Rows are numbered as in `dataset.load`. What is kept of a row is where it lies.

    Parameters
    ----------
    uri : str
        As for `dataset.load`.
    keys : Dataset
        Rows of the table, without features.
    columns : names, optional
        Flat features, or one feature with two axes. Default: all flat ones.

    Raises
    ------
    ConfigError
        If the table has no such columns, or they do not go together.
    """

    def __init__(self, uri: str, keys: Dataset, columns: Sequence[str] | None = None):
        self.uri = uri
        table = locate.open_table(uri)
        self.columns, self.shape = feature_shape(table.schema, columns)
        fields = [table.schema.field(name) for name in self.columns]
        self.names = [label for field in fields for label in schema.labels(field)]
        if len(self.shape) > 1:
            self.names = list(self.columns)
        groups = list(table.row_groups())
        place = {
            key: (number, row)
            for number, group in enumerate(groups)
            for row, key in enumerate(_ids(group))
        }
        where = [place[key] for key in zip(keys.recording_id, keys.segment.tolist(), strict=True)]
        self.groups = np.array([group for group, _ in where], np.int32)
        self._offset = np.array([row for _, row in where], np.int32)
        self._row_groups: list[RowGroup] | None = groups
        self._kept: dict[int, np.ndarray] = {}
        self._kept_bytes = 0

    def take(self, rows: np.ndarray) -> np.ndarray:
        taken = np.empty((len(rows), *self.shape), np.float32)
        group = self.groups[rows]
        n_together = max(1, COPY_BYTES // max(taken[:1].nbytes, 1))
        for number in np.unique(group).tolist():
            wanted = np.flatnonzero(group == number)
            numbers = self._group(number)
            for start in range(0, len(wanted), n_together):
                part = wanted[start : start + n_together]
                taken[part] = numbers[self._offset[rows[part]]]
        return taken

    def __getstate__(self) -> dict[str, Any]:
        # Footers are large, and soon read again where they are needed.
        return {**self.__dict__, "_row_groups": None, "_kept": {}, "_kept_bytes": 0}

    def _group(self, number: int) -> np.ndarray:
        if number in self._kept:
            return self._kept[number]
        if self._row_groups is None:
            self._row_groups = list(locate.open_table(self.uri).row_groups())
        # One thread: it has the time of a whole window, and the network wants the other cores.
        table = self._row_groups[number].read(self.columns, use_threads=False)
        for name in self.columns:
            if table[name].null_count:
                raise ConfigError(f"{self.uri}: feature {name} is null in some rows; leave it out")
        parts = [schema.values(table[name]) for name in self.columns]
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if not np.isfinite(rows).all():
            raise ConfigError(
                f"{self.uri}: {', '.join(self.columns)} holds numbers that are not finite; "
                "leave the feature out"
            )
        rows = rows.reshape(-1, *self.shape)
        if self._kept_bytes + rows.nbytes <= KEEP_BYTES:
            self._kept[number] = rows
            self._kept_bytes += rows.nbytes
        return rows


class ScaledSource:
    """Rows of another source, each brought to mean 0 and spread 1 of its speaker.

    Parameters
    ----------
    who : array, shape (n_rows,)
        Speaker of each row.
    known : Statistics
        Of each speaker; rows of others stay as they are.
    """

    def __init__(self, source: Source, who: np.ndarray, known: Statistics):
        self.source, self.who, self.known = source, who, known
        self.shape, self.groups = source.shape, source.groups

    def take(self, rows: np.ndarray) -> np.ndarray:
        x = self.source.take(rows)
        return speaker_norm.scaled(x, self.who[rows], self.known, spread).astype(np.float32)


def statistics(source: Source, rows: np.ndarray, who: np.ndarray) -> Statistics:
    """Of each speaker in some rows, one row group in memory at a time.

    Parameters
    ----------
    who : array, shape (n_rows_of_source,)
        Speaker of each row of the source.
    """
    return speaker_norm.joined(
        speaker_norm.statistics(source.take(own), who[own]) for own in by_group(source, rows)
    )


def by_group(source: Source, rows: np.ndarray) -> list[np.ndarray]:
    """The rows of each row group that has some."""
    groups = source.groups[rows]
    return [rows[groups == group] for group in np.unique(groups)]


def spread(of: Moments) -> np.ndarray:
    """As `speaker_norm.spread`, for rows in single precision.

    What is only rounding in relation to the mean counts as the same number in all rows.
    """
    deviation = np.sqrt(of.variance)
    least = LEAST_SPREAD * np.maximum(np.abs(of.mean), LEAST_SPREAD)
    return np.where(deviation > least, deviation, 1.0)


def feature_shape(
    table: Any, columns: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The feature columns in the table's order, and the shape of one row of them.

    Raises
    ------
    ConfigError
        If the table lacks one, or an image is chosen beside something else.
    """
    fields = {field.name: field for field in table if schema.is_feature(field)}
    is_image = {name: hasattr(field.type, "shape") for name, field in fields.items()}
    if columns is None:
        columns = [name for name in fields if not is_image[name]]
    for name in columns:
        if name not in fields:
            raise ConfigError(f"the table has no feature {name!r}; {suggest(name, fields)}")
    chosen = tuple(name for name in fields if name in columns)
    if not chosen:
        raise ConfigError("the table has no flat feature columns; featurize with some")
    images = [name for name in chosen if is_image[name]]
    if not images:
        return chosen, (sum(fields[name].type.list_size for name in chosen),)
    if len(chosen) > 1:
        raise ConfigError(
            f"{images[0]} has two axes and is learned from alone; got {', '.join(chosen)}"
        )
    return chosen, tuple(fields[chosen[0]].type.shape)


def _ids(group: RowGroup) -> list[tuple[str, int]]:
    keys = group.read(["recording_id", "segment"])
    segments = keys["segment"].to_pylist() if "segment" in keys.column_names else [0] * len(keys)
    return list(zip(keys["recording_id"].to_pylist(), (s or 0 for s in segments), strict=True))
