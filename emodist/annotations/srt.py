"""SubRip subtitles (SRT); a text is a label, or what is said.

Read and written by `srt` (MIT).
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from typing import ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError


@dataclasses.dataclass(frozen=True)
class Srt(Format):
    """The text is a label, `[SPEAKER]: LABEL`, or of a guess `predicted: LABEL 87%`."""

    suffixes: ClassVar[tuple[str, ...]] = (".srt",)
    is_per_recording: ClassVar[bool] = True
    keeps: ClassVar[frozenset[str]] = frozenset({"speaker", "label", "confidence"})
    digits: ClassVar[int] = 3

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """A span per subtitle."""
        srt = _text.package("srt", "srt", "SRT")
        try:
            found = list(srt.parse(_text.decoded(data)))
        except (srt.SRTParseError, srt.TimestampParseError) as error:
            raise AnnotationError(f"{name} is no SRT: {str(error).splitlines()[0]}") from None
        for number, one in enumerate(found, 1):
            times = one.start.total_seconds(), one.end.total_seconds()
            yield Span(*times, **_text.said(one.content), place=f"subtitle {number}")

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A subtitle per span."""
        srt = _text.package("srt", "srt", "SRT")
        made = [
            srt.Subtitle(
                number,
                datetime.timedelta(milliseconds=round(span.start_s * 1000)),
                datetime.timedelta(milliseconds=round(span.end_s * 1000)),
                # Of a turn without a label, an empty subtitle would be left out.
                _text.shown(span) or _text.NO_TEXT,
            )
            for number, span in enumerate(spans, 1)
        ]
        return srt.compose(made, reindex=False).encode()
