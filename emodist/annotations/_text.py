"""Text of annotation files: its encoding, times, and labels where a format has one field of text.

Such a field reads `LABEL`, `[SPEAKER]: LABEL` as diarizers write it, and of a guess
`predicted: LABEL 87%`.
"""

import importlib
import re
from typing import Any

from emodist.annotations import Span
from emodist.errors import AnnotationError
from emodist.tables import sheets

GUESSED = "predicted"
# Of a span that says nothing, where a text must stand.
NO_TEXT = "-"
_SPEAKER = re.compile(r"\[([^\]]+)\]:\s*(.*)", re.S)
_GUESS = re.compile(rf"{GUESSED}:\s*(.*)", re.S)
_SHARE = re.compile(r"(.*?)\s+(\d{1,3})%", re.S)


def decoded(data: bytes) -> str:
    """Text in the encoding that it is found to have; lines end in `\\n`.

    Examples
    --------
    >>> decoded("a\\r\\né".encode("utf-16")), decoded("é".encode("cp1252"))
    ('a\\né', 'é')
    """
    text = sheets.printable(sheets.decoded(data)[0])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def seconds(text: str) -> float:
    """A time in seconds, from a number or a clock.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> seconds("12.5"), seconds("1:02:03.25"), seconds("02:03,5")
    (12.5, 3723.25, 123.5)
    """
    *outer, last = text.strip().replace(",", ".").split(":")
    if len(outer) > 2 or not all(part.isdigit() for part in outer):
        raise ValueError(text)
    value = float(last)
    if outer and not 0 <= value < 60:
        raise ValueError(text)
    for power, part in enumerate(reversed(outer), 1):
        value += int(part) * 60**power
    return value


def clock(time_s: float, point: str = ".") -> str:
    """Hours, minutes, seconds and milliseconds.

    Examples
    --------
    >>> clock(3725.5)
    '01:02:05.500'
    """
    ms = round(time_s * 1000)
    hours, rest = ms // 3_600_000, f"{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}"
    return f"{hours:02}:{rest}{point}{ms % 1000:03}"


def number(time_s: float) -> str:
    """Seconds with at least three decimals and no more than samples need.

    Examples
    --------
    >>> number(1.5), number(0.0000625)
    ('1.500', '0.0000625')
    """
    whole, _, decimals = f"{time_s:.7f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(3, '0')}"


def shown(span: Span) -> str:
    """What a span says, in one field.

    Examples
    --------
    >>> shown(Span(0, 1, "angry", "Ann")), shown(Span(0, 1, "sad", confidence=0.5, is_guess=True))
    ('[Ann]: angry', 'predicted: sad 50%')
    """
    label = span.label or ""
    if span.is_guess:
        label = f"{GUESSED}: {with_share(span)}"
    return f"[{span.speaker}]: {label}".rstrip() if span.speaker else label


def said(text: str) -> dict[str, Any]:
    """The words of a `Span` that a field says.

    Examples
    --------
    >>> said("[Ann]: predicted: angry 87%")
    {'speaker': 'Ann', 'label': 'angry', 'confidence': 0.87, 'is_guess': True}
    """
    found: dict[str, Any] = {}
    text = text.strip()
    if match := _SPEAKER.fullmatch(text):
        found["speaker"], text = match[1].strip(), match[2].strip()
    if match := _GUESS.fullmatch(text):
        return {**found, **without_share(match[1].strip()), "is_guess": True}
    # As the subtitles of `emodist predict` have it: only a model knows how sure it is.
    if _SHARE.fullmatch(text):
        return {**found, **without_share(text), "is_guess": True}
    return {**found, "label": text if text not in ("", NO_TEXT) else None}


def with_share(span: Span) -> str:
    """The label of a guess, and how sure it is."""
    label = span.label or ""
    return label if span.confidence is None else f"{label} {span.confidence:.0%}"


def without_share(text: str) -> dict[str, Any]:
    """The words that `with_share` wrote."""
    if match := _SHARE.fullmatch(text):
        return {"label": match[1], "confidence": int(match[2]) / 100}
    return {"label": text or None}


def package(module: str, name: str, what: str) -> Any:
    """A package of the extra, imported now.

    Raises
    ------
    AnnotationError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AnnotationError(
            f"{what} files need {name}: pip install 'emodist[annotations]' ({error})"
        ) from None
