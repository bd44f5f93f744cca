"""What the sections of a report draw on."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from emodist import plots, storage
from emodist.errors import ConfigError
from emodist.learning.dataset import Dataset
from emodist.reporting import _models, _rows
from emodist.reporting._models import Result
from emodist.tables import records

Say = Callable[[str], None]

# The first line of the README that `emodist.synthesis.write_corpus` leaves beside its files.
SYNTHETIC = b"Synthetic speech, made by emodist"
# Maps, silhouettes and the dendrogram compare rows with rows: UMAP of 20,000 takes minutes, and
# the dendrogram's distances 3 GB.
MOST_ROWS = 5_000
DESCRIPTIVE = "descriptive: no classifier, no held-out speakers"


@dataclasses.dataclass(eq=False)
class Material:
    """What the sections draw on; what is costly is made when it is first asked for."""

    table: str
    settings: Any
    census: _rows.Census
    evaluations: list[Result]
    clusters: str | None
    clustered: dict[str, Any]
    sweep: str | None
    featurized: dict[str, Any]
    is_synthetic: bool

    @classmethod
    def gather(
        cls,
        table: str,
        settings: Any,
        evaluations: Sequence[str],
        clusters: str | None,
        sweep: str | None,
    ) -> "Material":
        results = _distinct([_models.load(folder) for folder in evaluations])
        about = _json_of(clusters, "clusters.json", "cluster")
        _json_of(sweep, "sweep.json", "tune")
        run = _run_record(table)
        return cls(
            table=storage.absolute(table),
            settings=settings,
            census=_rows.census(table, min(settings.sample, MOST_ROWS)),
            evaluations=results,
            clusters=None if clusters is None else storage.absolute(clusters),
            clustered=about,
            sweep=None if sweep is None else storage.absolute(sweep),
            featurized=run,
            is_synthetic=_is_synthetic(run.get("settings", {}).get("path")),
        )

    @cached_property
    def looks(self) -> dict[str, plots.Look]:
        return plots.looks(self.census.classes)

    @cached_property
    def _sampled(self) -> tuple[Dataset, np.ndarray | None]:
        return _rows.sampled(self.table, self.census, self.settings.features)

    @property
    def sample(self) -> Dataset:
        return self._sampled[0]

    @property
    def normed(self) -> np.ndarray | None:
        """The sample's numbers with a z-score per speaker; None if a speaker is unknown."""
        return self._sampled[1]

    @cached_property
    def cluster_of(self) -> np.ndarray | None:
        """Clusters of the sampled rows, None where a row has none.

        Raises
        ------
        ConfigError
            If the clusters are of another table.
        """
        if self.clusters is None:
            return None
        file = storage.join(self.clusters, "clusters.parquet")
        clusters = _rows.column_of(file, "cluster", self.sample)
        if all(cluster is None for cluster in clusters):
            raise ConfigError(f"{self.clusters} holds clusters of another table than {self.table}")
        return clusters

    @property
    def which_rows(self) -> str:
        if self.census.is_whole:
            return f"all {self.census.n_rows:,} rows"
        return f"{len(self.census.sample):,} of {self.census.n_rows:,} rows, drawn by hash"


def _distinct(results: list[Result]) -> list[Result]:
    """Results whose names differ: by their protocol's short name, or else by number."""
    twice = {name for name, n in Counter(r.name for r in results).items() if n > 1}
    named: list[Result] = []
    for result in results:
        name = result.name
        if name in twice:
            name += f" ({result.about.get('settings', {}).get('folds', 'folds unknown')})"
        n_same = sum(other.name.split(" #")[0] == name for other in named)
        if n_same:
            name += f" #{n_same + 1}"
        named.append(dataclasses.replace(result, name=name))
    return named


def _json_of(folder: str | None, name: str, verb: str) -> dict[str, Any]:
    if folder is None:
        return {}
    if name not in storage.names(storage.absolute(folder)):
        raise ConfigError(f"{folder} has no {name}; `emodist {verb} ... --out {folder}` writes one")
    return records.read(storage.join(storage.absolute(folder), name))


def _run_record(table: str) -> dict[str, Any]:
    """The `run.json` of the output folder that a table is, or lies in; empty if there is none."""
    folder = storage.absolute(table)
    for _ in range(3):
        if "run.json" in storage.names(folder):
            return records.read(storage.join(folder, "run.json"))
        folder = folder.rpartition("/")[0]
        if not folder:
            break
    return {}


def _is_synthetic(path: str | None) -> bool:
    """Whether the demo's corpus was read: its README stands in the folder or one above."""
    folder = path
    for _ in range(3):
        if not folder or folder.endswith(":/"):
            break
        if "README.txt" in storage.names(folder):
            return storage.read(storage.join(folder, "README.txt")).startswith(SYNTHETIC)
        folder = folder.rpartition("/")[0]
    return False


def tuples(values: Mapping[str, Any], settings_type: type) -> dict[str, Any]:
    """JSON's lists as the tuples that settings hold; words that the settings do not know go."""
    known = {field.name for field in dataclasses.fields(settings_type)}
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in known
    }
