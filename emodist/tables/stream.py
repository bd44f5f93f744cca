"""Arrow streams: tables while they are made, in `staging/`."""

from collections.abc import Iterator

import pyarrow as pa

from emodist import storage
from emodist.tables import native


def write(uri: str, batch: pa.RecordBatch) -> None:
    """Write a small table as an Arrow stream; the file appears whole."""
    with storage.new_file(uri) as path, pa.ipc.new_stream(path, batch.schema) as file:
        file.write_batch(batch)


def batches(uri: str) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow stream; those of a local file are not copied into memory."""
    with native.opened(uri) as file, pa.ipc.open_stream(file) as reader:
        yield from reader
