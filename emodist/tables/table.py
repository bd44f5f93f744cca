"""A table in its files, read in bounded memory: the one way to its rows."""

import collections
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from emodist.tables import parquet
from emodist.tables.parquet import RowGroup

# A bucket answers slowly, but to many.
FOOTERS_AHEAD = 16
# Row groups that wait for their reader, each of some 32 MB.
GROUPS_AHEAD = 4

Item = TypeVar("Item")
Found = TypeVar("Found")


class Table:
    """Parquet files of one schema; rows come in the order of the files.

    Parameters
    ----------
    files : str
        Local paths or URIs. Without any, there is no `schema`, and no row.
    """

    def __init__(self, files: Sequence[str]):
        self.files = tuple(files)

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """Of the first file; a column that another one lacks is null there."""
        return parquet.schema_of(parquet.footer(self.files[0]))

    def count_rows(self) -> int:
        return sum(self.of_each(_n_rows))

    def of_each(self, read: Callable[[str], Found]) -> Iterator[Found]:
        """What is read from each file, some at once."""
        return _ahead(read, self.files, FOOTERS_AHEAD)

    def row_groups(self) -> Iterator[RowGroup]:
        """The parts of all files, in order."""
        for groups in self.of_each(parquet.row_groups):
            yield from groups

    def to_batches(
        self, columns: Sequence[str] | None = None, n_rows: int = parquet.BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """All rows, or some columns of them in the given order, up to `n_rows` at a time."""
        if not self.files:
            return
        wanted = self._fields(columns)

        def read(group: RowGroup) -> pa.Table:
            return _conformed(group.read(wanted.names), wanted)

        for rows in _ahead(read, self.row_groups(), GROUPS_AHEAD):
            yield from rows.to_batches(max_chunksize=n_rows)

    def to_table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows, in memory."""
        return pa.Table.from_batches(self.to_batches(columns), self._fields(columns))

    def find(
        self, meant: pc.Expression, by: Sequence[str], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[str, pa.Table]]:
        """Files with rows that are meant, and those rows.

        Parameters
        ----------
        meant : expression over the columns `by`
            These are read first, the others only where they name some row.
        """
        keys, wanted = self._fields(by), self._fields(columns)
        both = self._fields(list(dict.fromkeys([*wanted.names, *by])))

        def look(group: RowGroup) -> pa.Table | None:
            if not _conformed(group.read(keys.names), keys).filter(meant).num_rows:
                return None
            rows = _conformed(group.read(both.names), both).filter(meant)
            return rows.select(wanted.names)

        groups = self.row_groups()
        for uri, rows in _ahead(lambda group: (group.uri, look(group)), groups, GROUPS_AHEAD):
            if rows is not None:
                yield uri, rows

    def _fields(self, columns: Sequence[str] | None) -> pa.Schema:
        if columns is None:
            return self.schema
        return pa.schema([self.schema.field(name) for name in columns])


def _n_rows(uri: str) -> int:
    return parquet.footer(uri).num_rows


def _conformed(rows: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Rows with the columns of a schema; null where there is none."""
    if rows.schema.equals(wanted):
        return rows
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in wanted
    ]
    return pa.Table.from_arrays(columns, schema=wanted)


def _ahead(work: Callable[[Item], Found], items: Iterable[Item], n: int) -> Iterator[Found]:
    """`map(work, items)`, up to `n` of them at once in threads; what is ready waits."""
    waiting: collections.deque[Future[Found]] = collections.deque()
    with ThreadPoolExecutor(n) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) == n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
