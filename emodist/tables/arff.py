"""ARFF, which Weka and the tools of openSMILE read: the label is the last attribute, the class.

https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import re
from typing import TextIO

import pyarrow as pa
import pyarrow.compute as pc

from emodist.tables.flat import Flat

# Words with so many different values at most are classes; others are strings, as ids are.
MOST_CLASSES = 1000
TIME = "%Y-%m-%d %H:%M:%S"
ESCAPES = (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


class Writer:
    """The head of a file at once, then its rows, batch by batch."""

    def __init__(self, file: TextIO, flat: Flat, name: str):
        self._file = file
        self._names = sorted(flat.schema.names, key="label".__eq__)
        classes = _classes(flat)
        file.write(f"@relation {_quoted(name)}\n\n")
        for name in self._names:
            field = flat.schema.field(name)
            plain = name if re.fullmatch(r"[A-Za-z]\w*", name) else _quoted(name)
            file.write(f"@attribute {plain} {_datatype(field.type, classes.get(name))}\n")
        file.write("\n@data\n")

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; what is not known is `?`."""
        cells = [_cells(batch[name]) for name in self._names]
        lines = pc.binary_join_element_wise(*cells, ",").to_pylist()
        self._file.writelines(f"{line}\n" for line in lines)


def _classes(flat: Flat) -> dict[str, list[str] | None]:
    """The values of columns of words, sorted; None where there are too many."""
    names = [field.name for field in flat.schema if pa.types.is_string(field.type)]
    classes: dict[str, set[str] | None] = {name: set() for name in names}
    for batch in flat.batches(names):
        for name in names:
            seen = classes[name]
            if seen is not None:
                seen |= set(pc.unique(batch[name]).drop_null().to_pylist())
                classes[name] = seen if len(seen) <= MOST_CLASSES else None
    return {name: None if seen is None else sorted(seen) for name, seen in classes.items()}


def _datatype(column_type: pa.DataType, classes: list[str] | None) -> str:
    if pa.types.is_boolean(column_type):
        return "{false,true}"
    if pa.types.is_timestamp(column_type):
        return 'date "yyyy-MM-dd HH:mm:ss"'
    if not pa.types.is_string(column_type):
        return "numeric"
    if classes is None:
        return "string"
    # Nothing is known of an empty column, and a class needs a value.
    return f"{{{','.join(map(_quoted, classes))}}}" if classes else "numeric"


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        whole = column.cast(pa.timestamp("s", column.type.tz), safe=False)
        texts = pc.binary_join_element_wise("'", pc.strftime(whole, TIME), "'", "")
    elif pa.types.is_string(column.type):
        texts = column
        for character, escaped in ESCAPES:
            texts = pc.replace_substring(texts, character, escaped)
        texts = pc.binary_join_element_wise("'", texts, "'", "")
    else:
        texts = column.cast(pa.string())
        if pa.types.is_floating(column.type):
            texts = pc.if_else(pc.is_nan(column), None, texts)
    return texts.fill_null("?")


def _quoted(text: str) -> str:
    for character, escaped in ESCAPES:
        text = text.replace(character, escaped)
    return f"'{text}'"
