"""Labels of Audacity: a text file with a start, an end and a text on each line."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError


@dataclasses.dataclass(frozen=True)
class Audacity(Format):
    """The text is a label, `[SPEAKER]: LABEL`, or of a guess `predicted: LABEL 87%`."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt",)
    is_per_recording: ClassVar[bool] = True
    keeps: ClassVar[frozenset[str]] = frozenset({"speaker", "label", "confidence"})

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """Lines of three fields; the frequencies of a label (a line `\\`) are skipped."""
        for number, line in enumerate(_text.decoded(data).split("\n"), 1):
            if not line.strip() or line.startswith("\\"):
                continue
            fields = line.split("\t", 2)
            try:
                start_s, end_s = _text.seconds(fields[0]), _text.seconds(fields[1])
            except (ValueError, IndexError):
                raise AnnotationError(
                    f"{name}, line {number}: a label of Audacity is START, END and TEXT with tabs "
                    f"between them; got {line[:80]!r}"
                ) from None
            text = fields[2] if len(fields) > 2 else ""
            yield Span(start_s, end_s, **_text.said(text), place=f"line {number}")

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A line per span."""
        return "".join(
            f"{_text.number(span.start_s)}\t{_text.number(span.end_s)}\t"
            f"{' '.join(_text.shown(span).split())}\n"
            for span in spans
        ).encode()
