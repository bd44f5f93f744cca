"""A table (CSV, TSV or Parquet) with a row per span: `uri,start_s,end_s,speaker,label`."""

import csv
import dataclasses
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from emodist import storage
from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError

# What columns may be called, the first as they are written; seconds in one of the column's units.
NAMES: dict[str, tuple[str, ...]] = {
    "recording": ("uri", "recording", "file", "filename", "path"),
    "start": ("start_s", "start", "begin", "start_ms"),
    "end": ("end_s", "end", "end_ms"),
    "duration": ("duration_s", "duration", "duration_ms"),
    "speaker": ("speaker",),
    "label": ("label", "emotion"),
    "guess": ("predicted_label",),
    "confidence": ("confidence",),
    "annotator": ("annotator", "rater"),
}
HEAD_BYTES = 65_536


@dataclasses.dataclass(frozen=True)
class Csv(Format):
    """A guess stands in the column `predicted_label`, never in `label`.

    Columns may also be called `file`, `start`, `end`, `duration`, `emotion`; `start_ms` and
    `end_ms` are milliseconds, a clock (1:02:03.5) is one too. Fields end at commas, semicolons or
    tabs, as the first line does; with semicolons, numbers may have a decimal comma.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".parquet")
    is_per_recording: ClassVar[bool] = False
    keeps: ClassVar[frozenset[str]] = frozenset(
        {"recording", "speaker", "label", "confidence", "annotator"}
    )

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """A span per row; a table without a column for the recording is of that of its name."""
        rows = _rows(data, name)
        head = rows[0][1] if rows else {}
        columns = {what: next((n for n in known if n in head), "") for what, known in NAMES.items()}
        if not has_times(head):
            raise AnnotationError(
                f"{name} needs columns start_s and end_s; it has {', '.join(head) or 'none'}"
            )
        own = None if columns["recording"] else name.rpartition(".")[0]
        for place, row in rows:
            cells = {what: _word(row.get(column)) for what, column in columns.items()}
            if not any(cells.values()):
                continue
            if columns["recording"] and not cells["recording"]:
                raise AnnotationError(f"{name}, {place}: no {columns['recording']}")
            start_s = _time(cells["start"], columns["start"], name, place)
            if columns["end"]:
                end_s = _time(cells["end"], columns["end"], name, place)
            else:
                end_s = start_s + _time(cells["duration"], columns["duration"], name, place)
            sure = cells["confidence"]
            yield Span(
                start_s,
                end_s,
                cells["guess"] or cells["label"],
                cells["speaker"],
                cells["recording"] or own,
                _time(sure, "confidence", name, place) if sure and cells["guess"] else None,
                cells["annotator"],
                is_guess=cells["guess"] is not None,
                place=place,
            )

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A row per span, with the columns that say something."""
        cells: dict[str, list[Any]] = {
            "uri": [span.recording for span in spans],
            "start_s": [span.start_s for span in spans],
            "end_s": [span.end_s for span in spans],
            "speaker": [span.speaker for span in spans],
            "label": [None if span.is_guess else span.label for span in spans],
            "predicted_label": [span.label if span.is_guess else None for span in spans],
            "confidence": [span.confidence for span in spans],
            "annotator": [span.annotator for span in spans],
        }
        said = {k: v for k, v in cells.items() if any(cell is not None for cell in v)}
        if name.lower().endswith(".parquet"):
            import pyarrow as pa
            import pyarrow.parquet as pq

            sink = pa.BufferOutputStream()
            pq.write_table(pa.table(said), sink)
            return sink.getvalue().to_pybytes()
        text = io.StringIO()
        written = csv.writer(
            text, delimiter="\t" if name.lower().endswith(".tsv") else ",", lineterminator="\n"
        )
        written.writerow(said)
        written.writerows(zip(*said.values(), strict=True))
        return text.getvalue().encode()


def has_times(columns: Mapping[str, Any] | Sequence[str]) -> bool:
    """Whether a table with these columns is one of spans.

    Examples
    --------
    >>> has_times(["uri", "start_s", "end_s"]), has_times(["uri", "label", "duration"])
    (True, False)
    """
    has = {what: any(name in columns for name in NAMES[what]) for what in NAMES}
    return has["start"] and (has["end"] or has["duration"])


def columns(uri: str) -> list[str]:
    """The columns of a table, without reading all of it where its format allows that."""
    if uri.lower().endswith(".parquet"):
        from emodist.tables import parquet

        return parquet.schema_of(parquet.footer(uri)).names
    first = _text.decoded(storage.read(uri)[:HEAD_BYTES]).partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    return [word.strip().strip('"').lower() for word in first.split(delimiter)]


def _rows(data: bytes, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each row with the place where it stands; columns in small letters without blanks."""
    if data.startswith(b"PAR1"):
        from emodist.tables import parquet

        table = parquet.parsed(data).read().to_pylist()
        return [(f"row {number}", row) for number, row in enumerate(table, 1)]
    text = _text.decoded(data)
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [word.strip().lower() for word in reader.fieldnames or ()]
    return [(f"line {reader.line_num}", row) for row in reader]


def _word(cell: Any) -> str | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return str(cell).strip() or None


def _time(text: str | None, column: str, name: str, place: str) -> float:
    try:
        value = _text.seconds(text or "")
    except ValueError:
        raise AnnotationError(
            f"{name}, {place}: {column} is a number or a clock (1:02:03.5); got {text or 'nothing'}"
        ) from None
    return value / 1000 if column.endswith("_ms") else value
