"""WebVTT subtitles, which browsers and players show; a speaker is a voice, `<v Ann>`.

Read and written by `webvtt-py` (MIT).
"""

import dataclasses
import html
import io
from collections.abc import Iterator, Sequence
from typing import ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError

UNSURE = "unsure"


@dataclasses.dataclass(frozen=True)
class Webvtt(Format):
    """The text is a label, or of a guess `predicted: LABEL 87%`."""

    suffixes: ClassVar[tuple[str, ...]] = (".vtt",)
    is_per_recording: ClassVar[bool] = True
    keeps: ClassVar[frozenset[str]] = frozenset({"speaker", "label", "confidence"})
    digits: ClassVar[int] = 3

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """A span per cue."""
        webvtt = _text.package("webvtt", "webvtt-py", "WebVTT")
        try:
            cues = list(webvtt.from_string(_text.decoded(data)))
        except (webvtt.errors.MalformedFileError, ValueError, TypeError) as error:
            raise AnnotationError(f"{name} is no WebVTT: {error}") from None
        texts = [_text.said(html.unescape(cue.text)) for cue in cues]
        is_predicted = any(found.get("is_guess") for found in texts)
        for number, (cue, found) in enumerate(zip(cues, texts, strict=True), 1):
            # As `emodist predict` writes where it abstains.
            if is_predicted and found["label"] == UNSURE:
                continue
            if cue.voice:
                found["speaker"] = html.unescape(cue.voice)
            times = _text.seconds(cue.start), _text.seconds(cue.end)
            yield Span(*times, **found, place=f"cue {number}")

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A cue per span."""
        webvtt = _text.package("webvtt", "webvtt-py", "WebVTT")
        made = webvtt.WebVTT()
        for span in spans:
            text = _escaped(_text.shown(dataclasses.replace(span, speaker=None)) or _text.NO_TEXT)
            if span.speaker:
                text = f"<v {_escaped(span.speaker)}>{text}</v>"
            times = _text.clock(span.start_s), _text.clock(span.end_s)
            made.captions.append(webvtt.Caption(*times, text))
        file = io.StringIO()
        made.write(file)
        return file.getvalue().encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
