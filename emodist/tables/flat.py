"""Flat CSV from any table: one named column for each number."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds

from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.tables import schema


def to_csv(table: ds.Dataset, target: str, features: Sequence[str] | None = None) -> list[str]:
    """Write a table as CSV, in bounded memory.

    Parameters
    ----------
    table : Dataset
    target : str
        The CSV file, local or `s3://`.
    features : names of feature columns, optional
        Default: all but images, which have thousands of numbers a row.

    Returns
    -------
    list of str
        The feature columns that were left out.

    Raises
    ------
    ConfigError
        If the table has no such feature column.
    """
    known = [field.name for field in table.schema if schema.is_feature(field)]
    images = [
        field.name for field in table.schema if isinstance(field.type, pa.FixedShapeTensorType)
    ]
    for name in features or ():
        if name not in known:
            raise ConfigError(f"the table has no feature {name!r}; {registry.suggest(name, known)}")
    chosen = [name for name in known if name not in images] if features is None else list(features)
    fields = [field for field in table.schema if field.name not in known or field.name in chosen]
    flat = pa.schema([column for field in fields for column in _flat_fields(field)])
    with (
        storage.new_file(storage.absolute(target)) as path,
        pyarrow.csv.CSVWriter(path, flat) as writer,
    ):
        for batch in table.to_batches(columns=[field.name for field in fields]):
            writer.write_batch(_flat(batch, fields, flat))
    return [name for name in known if name not in chosen]


def _flat_fields(field: pa.Field) -> Iterable[pa.Field]:
    if not schema.is_feature(field):
        return [field]
    return [pa.field(label, pa.float32()) for label in schema.labels(field)]


def _flat(batch: pa.RecordBatch, fields: list[pa.Field], flat: pa.Schema) -> pa.RecordBatch:
    columns: list[pa.Array] = []
    for field in fields:
        column = batch[field.name]
        if schema.is_feature(field):
            columns += [pa.array(numbers) for numbers in schema.values(column).T]
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=flat)
