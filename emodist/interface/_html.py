"""What a notebook shows of rows: a small table of plain HTML, under a line that says what it is."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Examples
    --------
    >>> table("two", ["n"], [[2.5]])
    '<p>two</p><table><tr><th>n</th></tr><tr><td>2.5</td></tr></table>'
    """
    lines = [f"<p>{escape(title)}</p><table>", _row("th", columns)]
    lines += [_row("td", map(shown, row)) for row in rows]
    return "".join([*lines, "</table>"])


def shown(value: Any) -> str:
    """A cell: numbers in four digits, nothing for None."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _row(cell: str, texts: Iterable[str]) -> str:
    cells = "".join(f"<{cell}>{escape(text)}</{cell}>" for text in texts)
    return f"<tr>{cells}</tr>"
