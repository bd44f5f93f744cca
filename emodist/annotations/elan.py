"""ELAN (EAF): annotations on tiers with a participant and an annotator, for one recording.

Read and written by `pympi-ling` (MIT). Times are whole milliseconds.
"""

import dataclasses
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from emodist.annotations import Format, Span, _text, _tiers
from emodist.errors import AnnotationError


@dataclasses.dataclass(frozen=True)
class Elan(Format):
    """The speaker is the tier's participant; a guess stands on the tier `predicted emotion`.

    Parameters
    ----------
    tier : str or None
        Which tier holds the labels; `*`: all do, and each is its participant's or is named after
        its speaker. The default is those named `emotion`, or the only one.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".eaf",)
    is_per_recording: ClassVar[bool] = True
    keeps: ClassVar[frozenset[str]] = frozenset({"speaker", "label", "confidence", "annotator"})
    digits: ClassVar[int] = 3

    tier: str | None = None

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """The annotations of the chosen tiers, those that refer to others included."""
        pympi = _text.package("pympi", "pympi-ling", "ELAN")
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # That the file is of a later version of ELAN.
            warnings.simplefilter("ignore")
            Path(folder, "a.eaf").write_bytes(data)
            try:
                found = pympi.Eaf(str(Path(folder, "a.eaf")))
            except Exception as error:
                raise AnnotationError(f"{name} is no ELAN file: {error}") from None
        filled = {tier: rows for tier in found.tiers if (rows := _rows(found, tier))}
        for tier in _tiers.chosen(filled, self.tier, name):
            about = found.tiers[tier][2]
            more: dict[str, Any] = {}
            if about.get("PARTICIPANT"):
                more["speaker"] = about["PARTICIPANT"]
            if about.get("ANNOTATOR"):
                more["annotator"] = about["ANNOTATOR"]
            yield from _tiers.spans(tier, filled[tier], self.tier, **more)

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A tier for each speaker and annotator."""
        pympi = _text.package("pympi", "pympi-ling", "ELAN")
        made = pympi.Eaf(author="")
        made.remove_tier("default")
        for tier, own in _tiers.dealt(spans, lambda span: span.annotator or ""):
            made.add_tier(tier, part=own[0].speaker, ann=own[0].annotator)
            for span in own:
                times = round(span.start_s * 1000), round(span.end_s * 1000)
                if times[0] == times[1]:
                    raise AnnotationError(
                        f"{name}: ELAN has whole milliseconds, and the span at {span.start_s} s is "
                        "shorter"
                    )
                made.add_annotation(tier, *times, _tiers.text(span))
        with tempfile.TemporaryDirectory() as folder:
            made.to_file(str(Path(folder, "a.eaf")))
            return Path(folder, "a.eaf").read_bytes()


def _rows(found: Any, tier: str) -> list[tuple[float, float, str]]:
    """Start and end in seconds, and text; those that have no times in the file are left out."""
    rows = found.get_annotation_data_for_tier(tier) if found.tiers[tier][0] else []
    if found.tiers[tier][1]:
        rows = found.get_ref_annotation_data_for_tier(tier)
    timed = (row[:3] for row in rows if None not in row[:2])
    return [(start / 1000, end / 1000, text or "") for start, end, text in timed]
