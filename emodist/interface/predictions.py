"""Predictions of a bundle for media: rows, and each recording in time."""

import dataclasses
import os
import tempfile
from collections.abc import Mapping
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from emodist.errors import ConfigError
from emodist.interface import _html
from emodist.interface.table import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

    from emodist.predicting.settings import Rules
    from emodist.predicting.timeline import Steps


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Timeline:
    """One recording in time: `spans` of a label, from `steps` between borders of windows.

    A span has `start_s`, `end_s`, `label`, `confidence`, `abstained` and `reason`; one that
    abstains has no label. `note` says what the model is.
    """

    uri: str
    steps: "Steps"
    spans: list[dict[str, Any]]
    classes: tuple[str, ...]
    note: str

    def to_pandas(self) -> "pd.DataFrame":
        """A row per span."""
        import pandas as pd

        return pd.DataFrame(self.spans)

    def to_vtt(self) -> str:
        """Spans as WebVTT, which video players show as subtitles."""
        from emodist.predicting import timeline

        return timeline.vtt(self.spans, f"{self.uri}\n{self.note}")

    def plot(self) -> "Figure":
        """Probabilities over time, and a ribbon with the label of each span."""
        from emodist.predicting import files

        return files.figure(self.uri, self.steps, self.spans, self.classes)

    def __repr__(self) -> str:
        return f"Timeline({self.uri!r}): {len(self.spans)} spans"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        from emodist import plots

        return plots.cell(self.plot())


@dataclasses.dataclass(frozen=True, repr=False)
class Predictions:
    """What a bundle says of recordings: guesses, never truths; `uri` is their output folder.

    Of one recording a notebook shows the timeline, of several how many segments have which label.
    """

    uri: str
    # A folder that nobody named lives as long as what was read from it.
    kept: tempfile.TemporaryDirectory | None = dataclasses.field(default=None, compare=False)

    def __fspath__(self) -> str:
        return self.uri

    @property
    def summary(self) -> Mapping[str, Any]:
        """Counts, labels, the score where labels were known, and `notes`."""
        return self._record[1]

    @property
    def notes(self) -> list[str]:
        """What a reader must know: what the model is, how good it was, what nobody knows."""
        return list(self.summary["notes"])

    @property
    def table(self) -> Table:
        """The features that the bundle saw, and what failed: `table.to_pandas("failures")`."""
        return Table(self.uri)

    @cached_property
    def timelines(self) -> tuple[Timeline, ...]:
        """Each recording in time, in the order of their paths."""
        import numpy as np

        from emodist.predicting import files

        rows, (rules, _) = self.to_arrow(), self._record
        names = [name for name in rows.column_names if name.startswith("p_")]
        classes = tuple(name.removeprefix("p_") for name in names)
        uris = np.array(rows["uri"].to_pylist(), object)
        starts = np.flatnonzero(np.r_[True, uris[1:] != uris[:-1]][: len(uris)])
        made = []
        for start, stop in zip(starts, [*starts[1:], len(uris)], strict=False):
            timed = files.timed(rows.slice(start, stop - start), classes, rules)
            made.append(Timeline(uris[start], *timed, classes, "\n".join(self.notes[:2])))
        return tuple(made)

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Of all timelines, each with the `uri` of its recording."""
        return [{"uri": one.uri, **span} for one in self.timelines for span in one.spans]

    def to_arrow(self) -> "pa.Table":
        """A row per segment: keys, `p_CLASS`, `label`, `confidence`, `abstained`, `reason`."""
        from emodist.tables import locate

        rows = locate.table(self.uri, "predictions").to_table()
        return rows.sort_by([("uri", "ascending"), ("start_s", "ascending")])

    def to_pandas(self) -> "pd.DataFrame":
        """As `to_arrow`."""
        return self.to_arrow().to_pandas()

    def to_vtt(self) -> str:
        """WebVTT subtitles of the only recording.

        Raises
        ------
        ConfigError
            If there are several, or none.
        """
        return self._only().to_vtt()

    def to_annotations(self, path: str | os.PathLike[str], format: str | None = None) -> list[str]:
        """Write the spans as annotations, for ELAN, Praat, Audacity, Label Studio and others.

        Each is named as a guess, in the words of its format (`emodist annotations`).

        Parameters
        ----------
        path : str or path
            A file, as `spans.csv`, or a folder where the format has a file for each recording.
        format : str, optional
            Default: as the suffix says.

        Returns
        -------
        list of str
            The files.
        """
        from emodist import annotations
        from emodist.predicting import spans

        return annotations.write(os.fspath(path), list(spans.of(self.uri)), format)

    def plot(self) -> "Figure":
        """The timeline of the only recording, as `to_vtt`."""
        return self._only().plot()

    def __str__(self) -> str:
        return "\n".join([repr(self), *(f"note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        n_rows, n_files = self.summary["segments"], self.summary["recordings"]
        shares = ", ".join(f"{k} {n / n_rows:.0%}" for k, n in self.summary["labels"].items())
        where = f"{n_files:,} recording{'s' * (n_files != 1)}"
        return f"Predictions of {n_rows:,} segments in {where}: {shares or 'no label'}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        if self.summary["recordings"] == 1 and len(self.timelines) == 1:
            return self.timelines[0]._repr_png_()
        return None

    def _repr_html_(self) -> str | None:
        if self.summary["recordings"] == 1:
            return None
        # Not the spans: those of an archive do not fit into memory.
        counts = {**self.summary["labels"], **self.summary["abstained"]}
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return _html.table(repr(self), ["said", "segments"], counts.items()) + notes

    @cached_property
    def _record(self) -> "tuple[Rules, dict[str, Any]]":
        from emodist.predicting import folder

        return folder.read(self.uri)

    def _only(self) -> Timeline:
        if len(self.timelines) != 1:
            raise ConfigError(
                f"{self.uri} has {len(self.timelines)} recordings, not one; take one of `timelines`"
            )
        return self.timelines[0]
