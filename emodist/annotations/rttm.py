"""RTTM, as diarizers write it: who speaks when, a line per turn (NIST, Rich Transcription 2009).

Emotion has no place of its own in it. A label stands in the sixth field (`ortho`), which readers of
turns skip; that of a guess is `predicted:LABEL`, and its confidence stands in the ninth.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError

NOTHING = "<NA>"
GUESS = f"{_text.GUESSED}:"


@dataclasses.dataclass(frozen=True)
class Rttm(Format):
    """A blank in a name is written as `%20`: fields end at blanks."""

    suffixes: ClassVar[tuple[str, ...]] = (".rttm",)
    is_per_recording: ClassVar[bool] = False
    keeps: ClassVar[frozenset[str]] = frozenset({"recording", "speaker", "label", "confidence"})

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """Lines `SPEAKER`; others (words, noises, comments) are skipped."""
        for number, line in enumerate(_text.decoded(data).split("\n"), 1):
            fields = line.split()
            if not fields or fields[0] != "SPEAKER":
                if fields and not fields[0].startswith(";") and not fields[0].isupper():
                    raise AnnotationError(f"{name}, line {number}: no line of RTTM: {line[:80]!r}")
                continue
            # What follows the name is often left out.
            fields += [NOTHING] * (10 - len(fields))
            _, recording, _, start, duration, label, _, speaker, confidence, *_ = fields
            try:
                start_s = float(start)
                # As a decimal number: 0.1 + 0.2 is another time than 0.3.
                end_s = round(start_s + float(duration), 9)
                sure = None if confidence == NOTHING else float(confidence)
            except ValueError:
                raise AnnotationError(
                    f"{name}, line {number}: start and duration are seconds; got "
                    f"{start} and {duration}"
                ) from None
            is_guess = label.startswith(GUESS)
            yield Span(
                start_s,
                end_s,
                _read(label.removeprefix(GUESS)),
                _read(speaker),
                _read(recording),
                sure if is_guess else None,
                is_guess=is_guess,
                place=f"line {number}",
            )

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A line per span."""
        lines = []
        for span in spans:
            label = _written(span.label)
            sure = NOTHING
            if span.is_guess:
                label = f"{GUESS}{label}"
                sure = NOTHING if span.confidence is None else f"{span.confidence:.4f}"
            lines.append(
                f"SPEAKER {_written(span.recording)} 1 {_text.number(span.start_s)} "
                f"{_text.number(span.end_s - span.start_s)} {label} {NOTHING} "
                f"{_written(span.speaker)} {sure} {NOTHING}\n"
            )
        return "".join(lines).encode()


def _written(word: str | None) -> str:
    """A word without blanks.

    Examples
    --------
    >>> _written("Ann Lee"), _read("Ann%20Lee"), _read(_written("a%20b"))
    ('Ann%20Lee', 'Ann Lee', 'a%20b')
    """
    if not word:
        return NOTHING
    return re.sub(r"\s", "%20", word.replace("%2", "%252"))


def _read(word: str) -> str | None:
    if word in (NOTHING, ""):
        return None
    return re.sub(r"%2([05])", lambda match: " " if match[1] == "0" else "%", word)
