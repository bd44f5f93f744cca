"""What spans must be, whatever file they come from."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from emodist.errors import AnnotationError

if TYPE_CHECKING:
    from emodist.annotations import Span

SHOWN = 3


def checked(spans: Iterable["Span"], source: str) -> list["Span"]:
    """Spans in order, each once.

    Raises
    ------
    AnnotationError
        If a time is no number or negative, a span does not end after it starts, or two say
        different things of one speaker at exactly the same time.
    """
    wrong: list[str] = []
    seen: dict[tuple, Span] = {}
    for span in spans:
        if why := _impossible(span):
            wrong.append(f"{_where(span)}: {why}")
            continue
        key = (span.recording, span.start_s, span.end_s, span.speaker, span.annotator)
        other = seen.setdefault((*key, span.is_guess), span)
        if other.label != span.label:
            wrong.append(
                f"{_where(other)} and {_where(span)}: {other.label!r} and {span.label!r} for the "
                f"same time, {span.start_s:.3f} to {span.end_s:.3f} s"
            )
    if wrong:
        more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
        raise AnnotationError(f"{source}: {'; '.join(wrong[:SHOWN])}{more}")
    return sorted(seen.values(), key=order)


def order(span: "Span") -> tuple:
    """By recording and time."""
    return (
        *(span.recording or "", span.start_s, span.end_s),
        *(span.speaker or "", span.label or "", span.annotator or ""),
    )


def _impossible(span: "Span") -> str | None:
    times = f"{span.start_s:g} to {span.end_s:g} s"
    if not (math.isfinite(span.start_s) and math.isfinite(span.end_s)):
        return f"{times}: a time is a number of seconds"
    if span.start_s < 0:
        return f"{times}: it starts before the recording"
    if span.start_s >= span.end_s:
        return f"{times}: a span ends after it starts"
    return None


def _where(span: "Span") -> str:
    return span.place or f"the span of {span.recording} at {span.start_s:g} s"
