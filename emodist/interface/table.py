"""A feature table: where it lies, and its rows when they are asked for."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.interface import _html

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

# The tables of an output folder.
Name = Literal["features", "recordings", "failures"]
N_SHOWN = 5


@dataclasses.dataclass(frozen=True, repr=False)
class Table:
    """A feature table at `uri`: an output folder of featurize, its features, or a Parquet file.

    It goes wherever a function takes a table; the path alone does as well.
    """

    uri: str
    last_run: Mapping[str, Any] | None = dataclasses.field(default=None, compare=False)

    def __fspath__(self) -> str:
        return self.uri

    def __len__(self) -> int:
        """Number of rows (segments); only the footers of the files are read."""
        return self._dataset().count_rows()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the feature columns."""
        from emodist.tables import schema

        return tuple(field.name for field in self._dataset().schema if schema.is_feature(field))

    @property
    def settings(self) -> dict[str, Any]:
        """How the rows were made; empty for a file outside an output folder."""
        from emodist.tables import locate

        return locate.origin(self.uri).get("settings", {})

    @property
    def summary(self) -> Mapping[str, Any]:
        """Counts, hours of sound and speed of the run that made this, else the last one there."""
        from emodist.tables import locate

        if self.last_run is not None:
            return self.last_run
        folder = locate.output_folder(self.uri)
        if folder is None:
            return {}
        runs = json.loads(storage.read(storage.join(folder, "run.json")))["runs"]
        return runs[-1] if runs else {}

    def to_arrow(self, name: Name | None = None) -> "pa.Table":
        """Rows as they are stored: a feature is a column of lists.

        Parameters
        ----------
        name : "features", "recordings" or "failures", optional
            Another table of the same output folder.

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        return self._dataset(name).to_table()

    def to_pandas(
        self, name: Name | None = None, features: Sequence[str] | None = None
    ) -> "pd.DataFrame":
        """Rows with a named column for each number, as `mfcc_1_mean`.

        Parameters
        ----------
        name : as in `to_arrow`
        features : names of feature columns, optional
            Default: all but images, which have thousands of numbers a row.

        Raises
        ------
        ConfigError
            If there is no such table or feature.
        """
        from emodist.tables import flat

        return flat.flatten(self._dataset(name), features).to_arrow().to_pandas()

    def xy(
        self,
        groups: str | None = None,
        features: Sequence[str] | None = None,
        as_frame: bool = False,
    ) -> tuple[Any, ...]:
        """The labelled rows for an estimator of your own; augmented variants are left out.

        Parameters
        ----------
        groups : str, optional
            "speaker", "recording_id", "corpus" or an attribute of the corpus: what must not stand
            on both sides of a split. Speakers are CORPUS/SPEAKER where there are several corpora.
        features : names of feature columns, optional
            Default: all but images.
        as_frame : bool
            X as a pandas data frame, with the names of its numbers.

        Returns
        -------
        X : float32 array or data frame, shape (n_rows, n_numbers)
        y : array of str, shape (n_rows,)
        groups : array of str, shape (n_rows,)
            Only if asked for.

        Raises
        ------
        ConfigError
            If no row has a label, or one has no group.

        Examples
        --------
        Honest scores of any scikit-learn estimator::

            X, y, groups = table.xy(groups="speaker")
            cross_val_score(SVC(), X, y, groups=groups, cv=GroupKFold())
        """
        from emodist.learning import dataset

        data = dataset.load(self.uri, features).originals()
        if not len(labelled := data.labelled()):
            # Says that there are no labels, and what to do.
            data.targets()
        x: Any = labelled.x
        if as_frame:
            import pandas as pd

            x = pd.DataFrame(x, columns=list(labelled.names))
        y = labelled.label.astype(str)
        return (x, y) if groups is None else (x, y, _groups(labelled, groups))

    def plot(self) -> "Figure":
        """Rows per label, a panel for each corpus."""
        from emodist import plots

        counts: dict[str, dict[str | None, int]] = {}
        rows = self._dataset().to_table(columns=["corpus", "label"])
        for row in rows.group_by(["corpus", "label"]).aggregate([([], "count_all")]).to_pylist():
            counts.setdefault(row["corpus"] or "media", {})[row["label"]] = row["count_all"]
        labels = [label for of in counts.values() for label in of if label is not None]
        return plots.label_counts(counts, plots.looks(labels))

    def __repr__(self) -> str:
        return f"Table({self.uri!r}): {len(self):,} rows, {len(self.features)} features"

    def _repr_html_(self) -> str:
        columns = [
            name
            for name in ("uri", "segment", "start_s", "end_s", "corpus", "speaker", "label")
            if name in self._dataset().schema.names
        ]
        first = next(self._dataset().to_batches(columns, N_SHOWN), None)
        rows = [] if first is None else first.to_pylist()
        title = f"{self!r} ({', '.join(self.features)})"
        return _html.table(title, columns, [list(row.values()) for row in rows])

    def _dataset(self, name: Name | None = None) -> Any:
        from emodist.tables import locate

        if name is None:
            return locate.open_table(self.uri)
        folder = locate.output_folder(self.uri)
        if folder is None:
            raise ConfigError(f"{self.uri} lies in no output folder, so there is no table {name}")
        return locate.table(folder, name)


def _groups(data: Any, name: str) -> "np.ndarray":
    if name == "speaker":
        return data.speakers()
    known = {"recording_id": data.recording_id, "corpus": data.corpus, **data.attributes}
    if name not in known:
        hint = registry.suggest(name, ["speaker", *known])
        raise ConfigError(f"groups: the table has no {name!r}; {hint}")
    words = known[name]
    n_unknown = sum(value is None for value in words)
    if n_unknown:
        raise ConfigError(f"groups: {n_unknown} of {len(words)} rows have no {name}")
    return words.astype(str)
