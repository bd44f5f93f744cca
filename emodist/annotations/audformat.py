"""audformat: a database folder (`db.yaml` and tables) as `audb` publishes corpora.

Read and written by `audformat` (MIT). The columns are `emotion` and `speaker`; those of a guess are
`predicted_emotion` and `confidence`, by a rater of the type machine.
"""

import dataclasses
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from emodist import storage
from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError

RATERS = {"human": "labels", "machine": "guesses"}


@dataclasses.dataclass(frozen=True)
class Audformat(Format):
    """One table of segments with the columns `emotion` and `speaker`.

    Parameters
    ----------
    table : str or None
        Which segmented table; the default is the only one, or the one named `emotion`.
    column : str
        Which column of it is the label.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".yaml",)
    is_per_recording: ClassVar[bool] = False
    keeps: ClassVar[frozenset[str]] = frozenset({"recording", "speaker", "label", "confidence"})

    table: str | None = None
    column: str = "emotion"

    def read(self, uri: str) -> Iterator[Span]:
        """The segments of a table."""
        audformat = _text.package("audformat", "audformat", "audformat")
        folder = _folder(uri)
        with tempfile.TemporaryDirectory() as temporary:
            for name in storage.names(folder):
                if name.startswith("db."):
                    data = storage.read(storage.join(folder, name))
                    Path(temporary, name).write_bytes(data)
            if not os.path.exists(os.path.join(temporary, "db.yaml")):
                raise FileNotFoundError(uri)
            try:
                found = audformat.Database.load(temporary)
                name = self._chosen(found, uri)
                frame: Any = found[name].get()
            except AnnotationError:
                raise
            except Exception as error:
                raise AnnotationError(f"{uri} is no audformat database: {error}") from None
        guesses, labels = f"{_text.GUESSED}_{self.column}", self.column
        if not {guesses, labels, "speaker"} & set(frame.columns):
            has = ", ".join(map(str, frame.columns))
            raise AnnotationError(f"{uri}: the table {name} has columns {has}, none {labels}")
        # Missing cells are NA, NaN or NaT there, by the column's type.
        is_there, values = frame.notna().to_numpy(), frame.to_numpy(object)
        for number, (file, start, end) in enumerate(frame.index):
            cells = dict(
                zip(frame.columns[is_there[number]], values[number, is_there[number]], strict=True)
            )
            guess = cells.get(guesses)
            label = guess if guess is not None else cells.get(labels)
            sure = cells.get("confidence") if guess is not None else None
            yield Span(
                _seconds(start),
                # A segment without an end goes to that of the recording, which is not known here.
                _seconds(end),
                None if label is None else str(label),
                None if "speaker" not in cells else str(cells["speaker"]),
                str(file),
                None if sure is None else float(sure),
                is_guess=guess is not None,
                place=f"row {number + 1} of {name}",
            )

    def _chosen(self, database: Any, uri: str) -> str:
        names: list[str] = [name for name in database.tables if database[name].is_segmented]
        wanted = self.table or ("emotion" if "emotion" in names else None)
        if wanted is None and len(names) == 1:
            return names[0]
        if wanted is None or wanted not in names:
            raise AnnotationError(
                f"{uri} has segmented tables {', '.join(names) or 'none'}; say which, as "
                f"audformat.table=NAME"
            )
        return wanted

    def write(self, uri: str, spans: Sequence[Span]) -> None:
        """Write the database's files into the folder."""
        audformat = _text.package("audformat", "audformat", "audformat")
        made = audformat.Database("emodist")
        for kind, name in RATERS.items():
            made.raters[name] = audformat.Rater(kind)
        made.schemes["label"] = audformat.Scheme("str")
        made.schemes["speaker"] = audformat.Scheme("str")
        made.schemes["confidence"] = audformat.Scheme("float", minimum=0.0, maximum=1.0)
        index = audformat.segmented_index(
            [span.recording or "" for span in spans],
            starts=[f"{span.start_s:.9f}s" for span in spans],
            ends=[f"{span.end_s:.9f}s" for span in spans],
        )
        if index.has_duplicates:
            raise AnnotationError(
                "audformat has one row for each piece of a recording, and two of these spans have "
                "the same times; write another format"
            )
        table = made["emotion"] = audformat.Table(index)
        cells: dict[str, list[Any]] = {
            "emotion": [None if span.is_guess else span.label for span in spans],
            "predicted_emotion": [span.label if span.is_guess else None for span in spans],
            "confidence": [span.confidence for span in spans],
            "speaker": [span.speaker for span in spans],
        }
        for column, values in cells.items():
            if any(value is not None for value in values):
                is_guess = column in ("predicted_emotion", "confidence")
                table[column] = audformat.Column(
                    scheme_id=column if column in made.schemes else "label",
                    rater_id=RATERS["machine" if is_guess else "human"],
                )
                table[column].set(values)
        with tempfile.TemporaryDirectory() as folder:
            made.save(folder, storage_format="csv")
            # The header last: it says that the tables are there.
            for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == "db.yaml"):
                storage.write(storage.join(_folder(uri), file.name), file.read_bytes())


def _seconds(time: Any) -> float:
    """Of a `pandas.Timedelta`, whose own seconds are off by a bit; of one that is missing, nan."""
    return time.as_unit("ns").value / 1e9 if time == time else float("nan")


def _folder(uri: str) -> str:
    return uri.rpartition("/")[0] or "." if uri.endswith("db.yaml") else uri.rstrip("/")
