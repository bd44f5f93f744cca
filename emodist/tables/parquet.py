"""Parquet files, written and read in bounded memory; each appears whole.

Of an object, only the footer and the columns that are asked for are fetched, by `storage`: Arrow
itself opens nothing that is not a local file (`tables.native` says why).
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import native

ROW_GROUP_BYTES = 32 * 2**20
# An object's end, in which the whole of a small file lies, and the footer of most.
END_BYTES = 2**18
# Columns that lie so near to each other are fetched together.
GAP_BYTES = 2**18
BATCH_ROWS = 2**16

Write = Callable[[pa.RecordBatch], None]


@dataclasses.dataclass(frozen=True)
class RowGroup:
    """A part of a file, which is read as one."""

    uri: str
    number: int
    footer: pq.FileMetaData

    @property
    def n_rows(self) -> int:
        return self.footer.row_group(self.number).num_rows

    def read(self, columns: Sequence[str] | None = None, use_threads: bool = True) -> pa.Table:
        """Its rows; columns in the given order, those that the file lacks are left out."""
        if storage.is_remote(self.uri):
            source: pa.NativeFile = self._fetched(columns)
        else:
            source = pa.OSFile(storage.absolute(self.uri))
        with source, pq.ParquetFile(source, metadata=self.footer) as file:
            rows = file.read_row_group(self.number, columns, use_threads=use_threads)
        if columns is None:
            return rows
        return rows.select([name for name in columns if name in rows.column_names])

    def _fetched(self, columns: Sequence[str] | None) -> pa.NativeFile:
        """A file of which only the row group's wanted columns are there."""
        group = self.footer.row_group(self.number)
        chunks = (group.column(index) for index in range(group.num_columns))
        ranges: list[tuple[int, int]] = []
        size = 0
        for chunk in chunks:
            start = chunk.data_page_offset
            if chunk.has_dictionary_page:
                start = min(start, chunk.dictionary_page_offset)
            end = start + chunk.total_compressed_size
            size = max(size, end)
            if columns is not None and not _is_part(chunk.path_in_schema, columns):
                continue
            if ranges and 0 <= start - ranges[-1][1] <= GAP_BYTES:
                start = ranges.pop()[0]
            ranges.append((start, end))
        parts = storage.read_ranges(self.uri, ranges)
        starts = (start for start, _ in ranges)
        return pa.BufferReader(native.buffer(dict(zip(starts, parts, strict=True)), size))


def _is_part(path: str, columns: Sequence[str]) -> bool:
    """Whether a leaf such as `mfcc.list.element` belongs to one of the columns."""
    return any(path == name or path.startswith(f"{name}.") for name in columns)


def footer(uri: str) -> pq.FileMetaData:
    """What a file says of itself: schema, row groups, rows.

    Raises
    ------
    ConfigError
        If it is no Parquet file.
    """
    try:
        if not storage.is_remote(uri):
            with pa.OSFile(storage.absolute(uri)) as file:
                return pq.read_metadata(file)
        return pq.read_metadata(native.reader(footer_bytes(uri)))
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{uri} is no Parquet file: {error}") from None


def footer_bytes(uri: str) -> bytes:
    """The end of a file: where its columns lie, how many rows, least and largest values."""
    size = storage.size(uri)
    if size < len(b"PAR1lengPAR1"):
        return b""
    (end,) = storage.read_ranges(uri, [(max(0, size - END_BYTES), size)])
    length = int.from_bytes(end[-8:-4], "little") + 8
    if len(end) < length <= size:
        (end,) = storage.read_ranges(uri, [(size - length, size)])
    return end[-length:]


def parsed(data: bytes) -> pq.ParquetFile:
    """A small file that was read as a whole."""
    return pq.ParquetFile(native.reader(data))


def row_groups(uri: str) -> list[RowGroup]:
    metadata = footer(uri)
    return [RowGroup(uri, number, metadata) for number in range(metadata.num_row_groups)]


def schema_of(metadata: pq.FileMetaData) -> pa.Schema:
    """The Arrow schema in a footer."""
    return metadata.schema.to_arrow_schema()


def read(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A small file as a whole, or some of its columns."""
    metadata = footer(uri)
    if not metadata.num_row_groups:
        rows = schema_of(metadata).empty_table()
        if columns is None:
            return rows
        return rows.select([name for name in columns if name in rows.column_names])
    groups = (RowGroup(uri, number, metadata) for number in range(metadata.num_row_groups))
    return pa.concat_tables([group.read(columns) for group in groups])


def batches(
    uri: str, columns: Sequence[str] | None = None, n_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """The rows of a file in its order, up to `n_rows` at a time."""
    for group in row_groups(uri):
        yield from group.read(columns).to_batches(max_chunksize=n_rows)


@contextlib.contextmanager
def writer(uri: str, schema: pa.Schema) -> Iterator[Write]:
    """Takes batches and writes them as row groups of a sensible size; the file appears whole."""
    # Floats of features do not repeat: a dictionary of them would cost time and win nothing.
    keys = [field.name for field in schema if pa.types.is_string(field.type)]
    waiting: list[pa.RecordBatch] = []
    n_bytes = 0
    with (
        storage.new_file(uri) as path,
        pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=keys) as file,
    ):

        def flush() -> None:
            nonlocal n_bytes
            table = pa.Table.from_batches(waiting, schema)
            waiting.clear()
            n_bytes = 0
            if table.num_rows:
                file.write_table(table, row_group_size=table.num_rows)

        def write(batch: pa.RecordBatch) -> None:
            nonlocal n_bytes
            waiting.append(batch)
            n_bytes += batch.nbytes
            if n_bytes > ROW_GROUP_BYTES:
                flush()

        yield write
        flush()


def rewrite(uri: str, keep: Callable[[pa.RecordBatch], pa.Array], columns: list[str]) -> None:
    """Leave out the rows of a Parquet file for which `keep(columns)` is false."""
    if all(keep(batch).false_count == 0 for batch in batches(uri, columns)):
        return
    with writer(uri, schema_of(footer(uri))) as write:
        for batch in batches(uri):
            write(batch.filter(keep(batch)))
