"""Parquet files, written and rewritten in bounded memory; each appears whole."""

import contextlib
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from emodist import storage

ROW_GROUP_BYTES = 32 * 2**20

Write = Callable[[pa.RecordBatch], None]


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
    fs, path = storage.filesystem(uri)
    with pq.ParquetFile(path, filesystem=fs) as file:
        if all(keep(batch).false_count == 0 for batch in file.iter_batches(columns=columns)):
            return
        with writer(uri, file.schema_arrow) as write:
            for batch in file.iter_batches():
                write(batch.filter(keep(batch)))
