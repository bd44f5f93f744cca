"""Tables as files, written and read in bounded memory: Parquet to keep, Arrow while it is made."""

import contextlib
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from emodist import storage

ROW_GROUP_BYTES = 32 * 2**20

Write = Callable[[pa.RecordBatch], None]


@contextlib.contextmanager
def parquet_writer(uri: str, schema: pa.Schema) -> Iterator[Write]:
    """Takes batches and writes them as row groups of a sensible size; the file appears whole."""
    # Floats of features do not repeat: a dictionary of them would cost time and win nothing.
    keys = [field.name for field in schema if pa.types.is_string(field.type)]
    waiting: list[pa.RecordBatch] = []
    n_bytes = 0
    with (
        storage.new_file(uri) as path,
        pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=keys) as writer,
    ):

        def flush() -> None:
            nonlocal n_bytes
            table = pa.Table.from_batches(waiting, schema)
            waiting.clear()
            n_bytes = 0
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)

        def write(batch: pa.RecordBatch) -> None:
            nonlocal n_bytes
            waiting.append(batch)
            n_bytes += batch.nbytes
            if n_bytes > ROW_GROUP_BYTES:
                flush()

        yield write
        flush()


def write_arrow(uri: str, batch: pa.RecordBatch) -> None:
    """Write a small table as an Arrow stream; the file appears whole."""
    with storage.new_file(uri) as path, pa.ipc.new_stream(path, batch.schema) as writer:
        writer.write_batch(batch)


def arrow_batches(uri: str) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow stream; those of a local file are not copied into memory."""
    fs, path = storage.filesystem(uri)
    with (
        fs.open(path, "rb") if storage.is_remote(uri) else pa.memory_map(path) as file,
        pa.ipc.open_stream(file) as reader,
    ):
        yield from reader


def rewrite(uri: str, keep: Callable[[pa.RecordBatch], pa.Array], columns: list[str]) -> None:
    """Leave out the rows of a Parquet file for which `keep(columns)` is false."""
    fs, path = storage.filesystem(uri)
    with pq.ParquetFile(path, filesystem=fs) as file:
        if all(keep(batch).false_count == 0 for batch in file.iter_batches(columns=columns)):
            return
        with parquet_writer(uri, file.schema_arrow) as write:
            for batch in file.iter_batches():
                write(batch.filter(keep(batch)))
