"""Any table flat: one named column for each number, in bounded memory."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from emodist import registry
from emodist.errors import ConfigError
from emodist.tables import schema
from emodist.tables.table import Table

# Of a thousand numbers a row, some 4 MB.
BATCH_ROWS = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class Flat:
    """A table as plain columns: words, numbers, times; of what is nested, JSON.

    `left_out` names the feature columns that were not chosen.
    """

    table: Table
    fields: list[pa.Field]
    left_out: list[str]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([column for field in self.fields for column in _columns(field)])

    def to_arrow(self) -> pa.Table:
        """All rows in memory."""
        return pa.Table.from_batches(self.batches(), self.schema)

    def batches(self, names: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows; of some of the table's columns, if these are named."""
        fields = [field for field in self.fields if names is None or field.name in names]
        flat = pa.schema([column for field in fields for column in _columns(field)])
        wanted = [field.name for field in fields]
        for batch in self.table.to_batches(wanted, BATCH_ROWS):
            arrays = [array for field in fields for array in _arrays(field, batch[field.name])]
            yield pa.RecordBatch.from_arrays(arrays, schema=flat)


def flatten(table: Table, features: Sequence[str] | None = None) -> Flat:
    """A table with the chosen features.

    Parameters
    ----------
    features : names of feature columns, optional
        Default: all but images, which have thousands of numbers a row.

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
    return Flat(
        table,
        [field for field in table.schema if field.name not in known or field.name in chosen],
        [name for name in known if name not in chosen],
    )


def _columns(field: pa.Field) -> Iterable[pa.Field]:
    if schema.is_feature(field):
        return [pa.field(label, pa.float32()) for label in schema.labels(field)]
    if pa.types.is_nested(field.type):
        return [pa.field(field.name, pa.string())]
    return [field]


def _arrays(field: pa.Field, column: pa.Array) -> Iterable[pa.Array]:
    if schema.is_feature(field):
        return [pa.array(numbers) for numbers in schema.values(column).T]
    if pa.types.is_nested(field.type):
        texts = (None if cell is None else json.dumps(cell) for cell in column.to_pylist())
        return [pa.array(texts, pa.string())]
    return [column]
