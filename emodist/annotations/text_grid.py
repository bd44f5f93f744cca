"""TextGrid of Praat: intervals on tiers, one file for each recording.

Read and written by `praatio` (MIT).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import ClassVar

from emodist.annotations import Format, Span, _text, _tiers
from emodist.errors import AnnotationError


@dataclasses.dataclass(frozen=True)
class TextGrid(Format):
    """A speaker is named by the tier, as `emotion [Ann]`; a guess stands on `predicted emotion`.

    Parameters
    ----------
    tier : str or None
        Which tier holds the labels; `*`: all do, and each is named after its speaker. The default
        is those named as above, or the only one.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".TextGrid",)
    is_per_recording: ClassVar[bool] = True
    keeps: ClassVar[frozenset[str]] = frozenset({"speaker", "label", "confidence"})

    tier: str | None = None

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """The intervals that hold a text; points have no length and are left out."""
        praat = _text.package("praatio.utilities.textgrid_io", "praatio", "TextGrid")
        try:
            found = praat.parseTextgridStr(_text.decoded(data))["tiers"]
            tiers = {
                tier["name"]: [(float(a), float(b), text) for a, b, text in tier["entries"]]
                for tier in found
                if tier["class"] == "IntervalTier"
            }
        # It looks for words in the text, and fails where they are not.
        except Exception as error:
            raise AnnotationError(f"{name} is no TextGrid ({type(error).__name__})") from None
        for tier in _tiers.chosen(tiers, self.tier, name):
            filled = (entry for entry in tiers[tier] if entry[2].strip())
            yield from _tiers.spans(tier, filled, self.tier)

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A tier for each speaker; between its spans stand empty intervals, as Praat wants."""
        praat = _text.package("praatio.utilities.textgrid_io", "praatio", "TextGrid")
        end_s = max(span.end_s for span in spans)
        tiers = [
            {
                "class": "IntervalTier",
                "name": tier,
                "xmin": 0.0,
                "xmax": end_s,
                "entries": [(span.start_s, span.end_s, _tiers.text(span)) for span in own],
            }
            for tier, own in _tiers.dealt(spans)
        ]
        grid = {"xmin": 0.0, "xmax": end_s, "tiers": tiers}
        return praat.getTextgridAsStr(grid, "long_textgrid", True).encode()
