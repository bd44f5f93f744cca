"""A table (CSV, TSV or Parquet) with a row per span: `uri,start_s,end_s,speaker,label`."""

import csv
import dataclasses
import io
from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError
from emodist.tables import sheets
from emodist.tables.sheets import Sheet

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
        sheet, counted = _sheet(data, name)
        head = sheet.columns
        columns = {what: next((n for n in known if n in head), "") for what, known in NAMES.items()}
        if not has_times(head):
            raise AnnotationError(
                f"{name} needs columns start_s and end_s; it has {', '.join(head) or 'none'}"
            )
        own = None if columns["recording"] else name.rpartition(".")[0]
        of_label = sheets.labels(row.words.get(columns["label"]) for row in sheet.rows)
        for row in sheet.rows:
            place = f"{counted} {row.line}"
            if row.problem:
                raise AnnotationError(f"{name}, {place} {row.problem}")
            cells = {what: row.words.get(column) or None for what, column in columns.items()}
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
                cells["guess"] or of_label.get(cells["label"] or ""),
                sheets.whole(cells["speaker"]) if cells["speaker"] else None,
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


def has_times(columns: Collection[str]) -> bool:
    """Whether a table with these columns is one of spans.

    Examples
    --------
    >>> has_times(["uri", "start_s", "end_s"]), has_times(["uri", "label", "duration"])
    (True, False)
    """
    has = {what: any(name in columns for name in NAMES[what]) for what in NAMES}
    return has["start"] and (has["end"] or has["duration"])


def _sheet(data: bytes, name: str) -> tuple[Sheet, str]:
    """What a file holds, and what its rows are counted by."""
    known = [column for names in NAMES.values() for column in names]
    if not data.startswith(b"PAR1"):
        return sheets.parse(data, name, NAMES["start"], known), "line"
    from emodist.tables import parquet

    return sheets.of_table(parquet.parsed(data).read(), known), "row"


def _time(text: str | None, column: str, name: str, place: str) -> float:
    try:
        value = _text.seconds(text or "")
    except ValueError:
        raise AnnotationError(
            f"{name}, {place}: {column} is a number or a clock (1:02:03.5); got {text or 'nothing'}"
        ) from None
    return value / 1000 if column.endswith("_ms") else value
