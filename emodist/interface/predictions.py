"""Predictions of a bundle for media, and the timeline of each recording."""

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emodist import storage
from emodist.errors import ConfigError
from emodist.interface import _html

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

SPAN = ("start_s", "end_s", "label", "confidence", "reason")


@dataclasses.dataclass(frozen=True, repr=False)
class Timeline:
    """One recording in time; `record` is its JSON file of `timelines/`."""

    record: Mapping[str, Any]

    @property
    def uri(self) -> str:
        return self.record["uri"]

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Where which label holds: `start_s`, `end_s`, `label` (None: abstained), `confidence`."""
        return self.record["spans"]

    def to_pandas(self) -> "pd.DataFrame":
        """One row per span."""
        import pandas as pd

        return pd.DataFrame(self.spans, columns=list(SPAN))

    def to_vtt(self) -> str:
        """WebVTT subtitles; their note says what the model was trained on."""
        from emodist.predicting import timeline

        return timeline.vtt(self.spans, f"{self.uri}\n{self.record['trained_on']}")

    def plot(self) -> "Figure":
        """Probabilities over time, and a ribbon with the label of each span."""
        import numpy as np

        from emodist import plots

        steps, classes = self.record["steps"], self.record["classes"]
        probabilities = np.array([steps["probabilities"][name] for name in classes], float).T
        title = self.uri.rsplit("/", 1)[-1]
        times = np.array(steps["start_s"]), np.array(steps["end_s"])
        return plots.timeline(*times, probabilities, self.spans, classes, title)

    def __repr__(self) -> str:
        return f"Timeline({self.uri!r}): {len(self.spans)} spans"

    def _repr_png_(self) -> bytes:
        from emodist import plots

        return plots.png(self.plot())


@dataclasses.dataclass(frozen=True, repr=False)
class Predictions:
    """What `predict` wrote at `uri`: a row for each segment, a timeline for each recording.

    A recording of one segment has no timeline: its row says all.
    """

    uri: str
    kept: tempfile.TemporaryDirectory | None = dataclasses.field(default=None, compare=False)

    def __fspath__(self) -> str:
        return self.uri

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts, labels, score where labels were known, and notes that a reader must know."""
        from emodist.tables import records

        return records.read(storage.join(self.uri, "predict.json"))["summary"]

    @cached_property
    def timelines(self) -> tuple[Timeline, ...]:
        """In the order of the recordings."""
        from emodist.predicting import files
        from emodist.tables import records

        root = records.read(storage.join(self.uri, "predict.json"))["rules"]["path"]
        uris = dict.fromkeys(self.to_arrow()["uri"].to_pylist())
        places = [
            storage.join(self.uri, "timelines", f"{files.timeline_path(uri, root)}.json")
            for uri in uris
        ]
        return tuple(
            Timeline(json.loads(storage.read(place))) for place in places if storage.exists(place)
        )

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Of all timelines, each with the `uri` of its recording."""
        return [{"uri": one.uri, **span} for one in self.timelines for span in one.spans]

    def to_arrow(self) -> "pa.Table":
        """One row per segment: keys, the probability of each class, label, confidence."""
        from emodist.tables import locate

        return locate.table(self.uri, "predictions").to_table()

    def to_pandas(self) -> "pd.DataFrame":
        """As `to_arrow`."""
        return self.to_arrow().to_pandas()

    def to_vtt(self) -> str:
        """WebVTT subtitles of the only recording.

        Raises
        ------
        ConfigError
            If there are several, or it has no timeline.
        """
        return self._only().to_vtt()

    def plot(self) -> "Figure":
        """The timeline of the only recording.

        Raises
        ------
        ConfigError
            If there are several, or it has no timeline.
        """
        return self._only().plot()

    def __repr__(self) -> str:
        n_rows, n_files = self.summary["segments"], self.summary["recordings"]
        return f"Predictions({self.uri!r}): {n_rows:,} rows of {n_files:,} recordings"

    def _repr_html_(self) -> str:
        rows = [[one.uri, *(span[name] for name in SPAN)] for one in self.timelines[:20]
                for span in one.spans[:20]]  # fmt: skip
        return _html.table(f"{self!r}; guesses of a model", ["uri", *SPAN], rows)

    def _only(self) -> Timeline:
        if len(self.timelines) != 1:
            raise ConfigError(
                f"{self.uri} has {len(self.timelines)} timelines, not one; take one of `timelines`"
            )
        return self.timelines[0]
