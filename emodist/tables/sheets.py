"""Tables of words that people keep: CSV as spreadsheets and scripts leave it, in any encoding.

Nothing is lost without a word: how a file was read is told, and a row that does not fit its header
says so itself. Blanks around names and values are none of theirs.
"""

import codecs
import contextlib
import csv
import dataclasses
import io
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from emodist.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = {",": "`,`", ";": "`;`", "\t": "tabs", "|": "`|`"}
# What a spreadsheet makes of whole numbers in a column that has empty cells.
_WHOLE = re.compile(r"(-?\d+)\.0+")
_BAD = re.compile("[\udc80-\udcff]")
_LETTER = re.compile("[^\x00-\x7f\udc80-\udcff]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One row: the number of its line, as a spreadsheet counts them; its words by column.

    `problem` says why it cannot be used; a line that begins with # may be a comment.
    """

    line: int
    words: dict[str, str]
    problem: str | None = None
    is_comment: bool = False


@dataclasses.dataclass(frozen=True)
class Sheet:
    """What a file holds; `notes` are sentences on how it was read, where that is not plain."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def parse(data: bytes, name: str, wanted: Collection[str], known: Collection[str] = ()) -> Sheet:
    """Read CSV or TSV.

    Parameters
    ----------
    data : bytes
        UTF-8, UTF-16, UTF-32, Latin-1 or cp1252, which is found out.
    name : str
        Of the file, for messages; `.tsv` and `.tab` are divided by tabs, if that fits.
    wanted : strings
        Columns of which one should be there: it tells which character divides the columns.
    known : strings, optional
        Columns with a meaning; their names count in any case.

    Raises
    ------
    ConfigError
        If a column is there twice.
    """
    text, encoding = decoded(data)
    notes = [f"{name} is read as {encoding}, since it is not UTF-8"] if encoding != "UTF-8" else []
    lines = list(io.StringIO(text, newline=""))
    at, told = _header(lines)
    usual = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
    known = {*wanted, *known}
    header = lines[at] if at < len(lines) else ""
    delimiter = told or _delimiter(header, usual, wanted, known)
    records = _records(lines[at:], delimiter)
    _, cells, _ = next(records, (0, [], None))
    columns = [column(cell, known) for cell in cells]
    if twice := sorted({column for column in columns if column and columns.count(column) > 1}):
        raise ConfigError(f"{name} has the column `{twice[0]}` twice; keep one of them")
    if delimiter != usual:
        notes.append(f"columns of {name} are divided by {DELIMITERS.get(delimiter, delimiter)}")
    rows = (
        _row(at + line + 1, cells, columns, problem, lines[at + line].startswith("#"))
        for line, cells, problem in records
    )
    return Sheet(tuple(filter(None, columns)), tuple(filter(None, rows)), tuple(notes))


def of_table(rows: "pa.Table", known: Collection[str] = ()) -> Sheet:
    """The words of a table of Arrow; what is missing, also among numbers, is an empty one.

    Lines are the numbers of rows, from 1.
    """
    columns = tuple(column(name, known) for name in rows.column_names)
    lines = zip(*(map(_word, cells.to_pylist()) for cells in rows.columns), strict=True)
    return Sheet(
        columns,
        tuple(Row(n, dict(zip(columns, words, strict=True))) for n, words in enumerate(lines, 1)),
    )


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding that it was found to have.

    Bytes that damage a UTF-8 file stay as surrogates (`surrogateescape`).

    Examples
    --------
    >>> decoded("René".encode("cp1252")), decoded("“René”".encode("cp1252"))
    (('René', 'Latin-1'), ('“René”', 'cp1252'))
    >>> decoded("René".encode("utf-16"))
    ('René', 'UTF-16')
    """
    for mark, codec, encoding in _MARKS:
        if data.startswith(mark):
            errors = "surrogateescape" if encoding == "UTF-8" else "replace"
            return data[len(mark) :].decode(codec, errors), encoding
    if unmarked := _unmarked(data):
        return data.decode(unmarked, "replace"), "UTF-16"
    text = data.decode("utf-8", "surrogateescape")
    n_bad = len(_BAD.findall(text))
    # Letters of other encodings rarely look like those of UTF-8.
    if n_bad <= len(_LETTER.findall(text)):
        return text, "UTF-8"
    # Latin-1 has nothing but control characters there, which no text holds.
    if any(0x80 <= byte < 0xA0 for byte in data):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("cp1252"), "cp1252"
    return data.decode("latin-1"), "Latin-1"


def printable(text: str) -> str:
    """Text without what is not UTF-8, such as bytes of a file's name; `\ufffd` stands for it."""
    if text.isascii():
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Half of a pair that stands for no byte.
        data = text.encode("utf-8", "replace")
    return data.decode("utf-8", "replace")


def composed(text: str) -> str:
    """One spelling of letters with marks (NFC): a Mac writes `é` as two characters, others as one.

    Examples
    --------
    >>> composed("Rene\\u0301") == "René"
    True
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def whole(word: str) -> str:
    """The name of a speaker without what a spreadsheet adds to numbers.

    Examples
    --------
    >>> whole("7.0"), whole("v1.0"), whole("1.5")
    ('7', 'v1.0', '1.5')
    """
    found = _WHOLE.fullmatch(word)
    return found[1] if found else word


def labels(words: Iterable[str | None]) -> dict[str, str]:
    """The name of each label: whole numbers only where all are, since `1.0` may be a rating."""
    found = {word for word in words if word}
    is_numbers = all(_WHOLE.fullmatch(word) or word.lstrip("-").isdecimal() for word in found)
    return {word: whole(word) if is_numbers else word for word in found}


def _word(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return printable(value.decode("utf-8", "surrogateescape"))
    return str(value).strip()


def _unmarked(data: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain letters is 0."""
    head = data[:4096]
    n_zeros = (head[::2].count(0), head[1::2].count(0))
    if max(n_zeros) < len(head) / 5 or min(n_zeros) > max(n_zeros) / 4:
        return None
    return "utf-16-be" if n_zeros[0] > n_zeros[1] else "utf-16-le"


def _header(lines: Sequence[str]) -> tuple[int, str | None]:
    """Which line names the columns, and what divides them if a line before it says so."""
    delimiter = None
    for at, line in enumerate(lines):
        if found := re.fullmatch(r'"?sep=(.)"?\s*', line, re.IGNORECASE):
            delimiter = found[1]
        elif line.strip(" \t\r\n,;") and not line.startswith("#"):
            return at, delimiter
    return len(lines), delimiter


def _delimiter(header: str, usual: str, wanted: Collection[str], known: Collection[str]) -> str:
    for delimiter in dict.fromkeys((usual, *DELIMITERS)):
        cells = next(csv.reader([header], delimiter=delimiter), [])
        if any(column(cell, known) in wanted for cell in cells):
            return delimiter
    return usual


def column(cell: str, known: Collection[str]) -> str:
    name = cell.strip().strip("\ufeff").strip()
    return name.lower() if name.lower() in known else name


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """For each record the line where it begins, from 0, its cells, and what is wrong with it.

    A quote that is not closed, or only lines later by another one that is not, costs its own line.
    """
    csv.field_size_limit(sys.maxsize)
    n_lines, start, n_columns = len(lines), 0, 0
    while start < n_lines:
        end = start
        reader = csv.reader((lines[k] for k in range(start, n_lines)), delimiter=delimiter)
        for cells in reader:
            first, end = end, start + reader.line_num
            is_long = n_columns > 0 and end - first > 1
            is_astray = is_long and not _is_strict(lines[first:end], delimiter, n_columns)
            if is_astray or (end == n_lines and _is_open(lines[first:], delimiter)):
                end = first + 1
                plain = lines[first].replace('"', "")
                alone = next(csv.reader([plain], delimiter=delimiter), [])
                yield first, alone, "has a quote that is not closed"
                break
            n_columns = n_columns or len(cells)
            yield first, cells, None
        start = max(end, start + 1)


def _is_strict(lines: Sequence[str], delimiter: str, n_columns: int) -> bool:
    """Whether a record of several lines has quotes where they belong, and all its columns."""
    try:
        return [len(row) for row in csv.reader(lines, delimiter=delimiter, strict=True)] == [
            n_columns
        ]
    except csv.Error:
        return False


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Whether another line would still be a part of the last cell."""
    if not any('"' in line for line in lines):
        return False
    *before, end = lines
    *_, last = csv.reader([*before, end.rstrip("\r\n") + "\n", "end"], delimiter=delimiter)
    return last != ["end"]


def _row(
    line: int,
    cells: Sequence[str],
    columns: Sequence[str],
    problem: str | None,
    is_comment: bool,
) -> Row | None:
    if not any(cell.strip() for cell in cells):
        return None
    if any(cell.strip() for cell in cells[len(columns) :]):
        problem = problem or (
            f"has {len(cells)} cells where the first line has {len(columns)}; a name that holds "
            "what divides columns needs quotes"
        )
    pairs = zip(columns, cells, strict=False)
    words = {column: cell.strip() for column, cell in pairs if column}
    if any(map(_BAD.search, words.values())):
        problem = problem or "is not UTF-8 as the rest is"
        words = {column: printable(word) for column, word in words.items()}
    return Row(line, words, problem, is_comment)
