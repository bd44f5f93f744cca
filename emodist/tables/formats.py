"""A table as a file that other programs read: the suffix says which format."""

import contextlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv

from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import arff, parquet
from emodist.tables.flat import Flat, flatten
from emodist.tables.table import Table

Write = Callable[[pa.RecordBatch], Any]
# Of a sheet, the line of names among the rows.
EXCEL_ROWS, EXCEL_COLUMNS, EXCEL_TEXT = 1_048_576, 16_384, 32_767


def write(table: Table, target: str, features: Sequence[str] | None = None) -> list[str]:
    """Write a table flat, in bounded memory; the file appears whole.

    Parameters
    ----------
    table : Table
    target : str
        The file, local or `s3://`; its suffix is one of `WRITERS`.
    features : names of feature columns, optional
        Default: all but images, which have thousands of numbers a row.

    Returns
    -------
    list of str
        The feature columns that were left out.

    Raises
    ------
    ConfigError
        If the suffix is another one, the table has no such feature column, or it does not fit
        into the format.
    """
    suffix = posixpath.splitext(target)[1].lower()
    if suffix not in WRITERS:
        raise ConfigError(
            f"{target} cannot be written: export knows {', '.join(WRITERS)}; "
            f"got {suffix or 'no suffix'}"
        )
    flat = flatten(table, features)
    with (
        storage.new_file(storage.absolute(target)) as path,
        WRITERS[suffix](path, flat, target) as put,
    ):
        for batch in flat.batches():
            put(batch)
    return flat.left_out


@contextlib.contextmanager
def _csv(path: str, flat: Flat, target: str, delimiter: str = ",") -> Iterator[Write]:
    options = pyarrow.csv.WriteOptions(delimiter=delimiter)
    with pyarrow.csv.CSVWriter(path, flat.schema, write_options=options) as file:
        yield file.write_batch


def _tsv(path: str, flat: Flat, target: str) -> contextlib.AbstractContextManager[Write]:
    return _csv(path, flat, target, "\t")


def _parquet(path: str, flat: Flat, target: str) -> contextlib.AbstractContextManager[Write]:
    return parquet.writer(path, flat.schema)


@contextlib.contextmanager
def _arrow(path: str, flat: Flat, target: str) -> Iterator[Write]:
    with pa.ipc.new_file(path, flat.schema) as file:
        yield file.write_batch


@contextlib.contextmanager
def _arff(path: str, flat: Flat, target: str) -> Iterator[Write]:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        writer = arff.Writer(file, flat, posixpath.basename(target))
        yield writer.write


@contextlib.contextmanager
def _xlsx(path: str, flat: Flat, target: str) -> Iterator[Write]:
    try:
        import xlsxwriter
    except ImportError:
        raise ConfigError(
            f"{target} needs XlsxWriter: pip install 'emodist[excel]'; .csv needs nothing"
        ) from None
    names = flat.schema.names
    for n, most, what in (
        (flat.table.count_rows() + 1, EXCEL_ROWS, "rows"),
        (len(names), EXCEL_COLUMNS, "columns"),
    ):
        if n > most:
            raise ConfigError(
                f"{target} would have {n:,} {what}, and Excel takes {most:,}; "
                "choose fewer --features, or write .parquet or .csv"
            )
    # Rows go to a temporary file as they come. Words stay words, also those that start with "=".
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        n_written = 1

        def write(batch: pa.RecordBatch) -> None:
            nonlocal n_written
            cells = [column.to_pylist() for column in batch.columns]
            for row, values in enumerate(zip(*cells, strict=True), n_written):
                for place, value in enumerate(values):
                    # A cell of NaN is empty, as one of null is: Excel knows no NaN.
                    if value is None or value != value:
                        continue
                    if isinstance(value, str) and len(value) > EXCEL_TEXT:
                        raise ConfigError(
                            f"{target}: {names[place]} of row {row} has {len(value):,} characters,"
                            f" and a cell of Excel takes {EXCEL_TEXT:,}; write .parquet or .csv"
                        )
                    sheet.write(row, place, value)
            n_written += batch.num_rows

        yield write


WRITERS: dict[str, Callable[[str, Flat, str], contextlib.AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".xlsx": _xlsx,
    ".arff": _arff,
}
