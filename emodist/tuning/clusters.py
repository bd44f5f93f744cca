"""Which clusterer with which settings groups the rows best, without labels.

A trial is what `emodist cluster` does for one k, scored by one index. Two guards, since every
index likes them: a clustering that leaves many rows out as noise, or that splits a few outliers
off, has no score (`max_noise`, `min_rows`).

An index compares clusterings of one space: with fewer components, points lie closer, whatever was
said. Where the space itself is searched (`pca`, `speaker_norm`, `search_features`), the result
says so; `objective=stability` is the one to take then. And clusters may be voices: each trial has
its agreement with speakers and labels, which never chooses.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.metrics import adjusted_rand_score

from emodist import registry
from emodist.clustering import clusters, quality
from emodist.clustering.quality import NOISE
from emodist.clustering.settings import ClusterSettings
from emodist.config import Choices, setting
from emodist.errors import ConfigError
from emodist.learning import dataset, fingerprint
from emodist.learning.dataset import Dataset
from emodist.spaces import Space
from emodist.sweeps import trials
from emodist.sweeps.proposals import Values
from emodist.sweeps.trials import Kind, Row, SweepSettings
from emodist.tuning._nested import own, own_space, words

COMPONENTS = (5, 10, 20, 40, 80)
OBJECTIVES = {**quality.INDICES, "stability": 1}
SPACE_SETTINGS = ("pca", "speaker_norm")


@dataclasses.dataclass(frozen=True)
class ClustersSweep(SweepSettings):
    """Feature table in, the best settings of a clusterer out."""

    CHOICES: ClassVar[Choices] = {"algorithms": ("clusterers", "algorithm_settings")}

    kind: Literal["clusters"] = setting("clusters", "what is tuned")
    algorithms: tuple[str, ...] = setting(
        registry.own_names("clusterers"), "which clusterers to choose from"
    )
    algorithm_settings: dict = setting({}, "settings of a clusterer that are not searched")
    objective: Literal["silhouette", "calinski_harabasz", "davies_bouldin", "stability"] = setting(
        "silhouette", "silhouette, calinski_harabasz, davies_bouldin (low is good) or stability"
    )
    features: tuple[str, ...] | None = setting(None, "which feature columns; null: all but images")
    search_features: bool = setting(False, "try parts of these features too")
    k_min: int = setting(2, "least number of clusters that is tried")
    k_max: int = setting(12, "largest number of clusters that is tried")
    pca: int | Literal["search"] | None = setting(
        20, "principal components at most; null: no PCA; search: try several"
    )
    speaker_norm: bool | Literal["search"] = setting(
        False, "z-score per speaker first, or clusters may be voices; search: try both"
    )
    max_noise: float = setting(0.2, "a clustering with a larger share of noise has no score")
    min_rows: int = setting(10, "a clustering with a smaller cluster has no score")
    n_resamples: int = setting(10, "bootstrap draws of objective=stability")
    sample: int = setting(5000, "rows at most for silhouette (quadratic) and each bootstrap draw")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.algorithms:
            raise ConfigError(
                f"algorithms is empty; known: {', '.join(registry.names('clusterers'))}"
            )
        if not 0 <= self.max_noise <= 1:
            raise ConfigError(f"max_noise must be within 0 and 1; got {self.max_noise}")
        if self.objective == "stability" and self.n_resamples < 1:
            raise ConfigError("objective=stability needs n_resamples of at least 1; got 0")
        for name in self.algorithms:
            # Says what is wrong with k_min, k_max, pca, sample or the clusterer's settings.
            self.of(name)

    def of(self, algorithm: str, **more: Any) -> ClusterSettings:
        """Settings of a job with this clusterer; what is searched has a default."""
        pca: Any = 20 if self.pca == "search" else self.pca
        given: dict[str, Any] = {
            "algorithm_settings": self.algorithm_settings.get(algorithm, {}),
            "features": self.features,
            "k_min": self.k_min,
            "k_max": self.k_max,
            "pca": pca,
            "speaker_norm": self.speaker_norm is True,
            "n_resamples": self.n_resamples,
            "sample": self.sample,
            "seed": self.seed,
            "plugins": self.plugins,
        }
        return ClusterSettings(algorithm=algorithm, **{**given, **more})


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """The problem that workers get a copy of."""

    SETTINGS: ClassVar[type[SweepSettings]] = ClustersSweep
    ENTRIES: ClassVar[tuple[str, str]] = ("algorithms", "clusterers")
    RUNGS: ClassVar[Collection[int]] = ()
    MEASURES: ClassVar[tuple[str, ...]] = (
        *("silhouette", "calinski_harabasz", "davies_bouldin", "stability", "n_clusters"),
        *("smallest", "noise", "ari_speakers", "ari_labels"),
    )

    settings: ClustersSweep
    data: Dataset
    space: Space
    searches: ClassVar[tuple[str, ...]] = ("all",)
    prune: ClassVar[bool] = False

    @classmethod
    def load(cls, table: str, settings: SweepSettings) -> "Clusters":
        """The problem of a table.

        Raises
        ------
        ConfigError
            If the table does not fit the settings.
        """
        assert isinstance(settings, ClustersSweep)
        return cls.of(dataset.load(table, settings.features).originals(), settings)

    @classmethod
    def of(cls, data: Dataset, settings: ClustersSweep) -> "Clusters":
        """The problem of these rows, with or without labels and speakers."""
        clusters.space(data, settings.of(settings.algorithms[0]))
        if settings.speaker_norm == "search":
            data.speakers()
        for name in settings.algorithms:
            clusters.check_size(registry.get("clusterers", name), name, len(data))
        if len(data) <= settings.k_max:
            raise ConfigError(
                f"k_max={settings.k_max} clusters need more than {settings.k_max} rows; "
                f"the table has {len(data)}"
            )
        return cls(settings, data, _space(settings, data))

    @property
    def score_name(self) -> str:
        sign = "-" if OBJECTIVES[self.settings.objective] < 0 else ""
        return sign + self.settings.objective

    def applies(self, name: str, values: Values) -> bool:
        algorithm = values.get("algorithm", self.settings.algorithms[0])
        if name == "k":
            entry: Any = registry.get("clusterers", algorithm)
            return entry.TAKES_K
        owner, dot, _ = name.partition(".")
        return not dot or owner in (algorithm, "use")

    def n_steps(self, search: str) -> int:
        return 1

    def step(self, row: Row) -> dict[str, Any]:
        """One clustering, and all that is measured of it."""
        settings = self.settings_of(row["values"])
        data = self.data if settings.features is None else self.data.pick(settings.features)
        entry = settings.build_algorithm()
        points, _ = clusters.space(data, settings)
        k = settings.k or 0
        labels, _ = clusters.fit(entry, points, k, settings)
        rng = np.random.default_rng(settings.seed)
        sampled = clusters.at_most(settings.sample, np.arange(len(points)), rng)
        measures: dict[str, Any] = quality.score(points, labels, sampled)
        if self.settings.objective == "stability":
            _, draws = clusters.bootstrap(data, settings, rng)
            measures["stability"] = clusters.stability(entry, points, labels, k, draws, settings)
        sizes = Counter(labels[labels != NOISE].tolist())
        measures.update(
            n_clusters=len(sizes),
            smallest=min(sizes.values(), default=0),
            noise=float(np.mean(labels == NOISE)),
            ari_speakers=_ari(labels, data.people()),
            ari_labels=_ari(labels, data.label),
        )
        measures = {name: None if _is_nan(value) else value for name, value in measures.items()}
        step = {"name": "all", **measures}
        return {**step, "score": self.score([step])}

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        """The objective, negative where low is good; None where the guards say so."""
        last = steps[-1]
        value = last[self.settings.objective]
        is_fit = last["noise"] <= self.settings.max_noise
        if value is None or not is_fit or last["smallest"] < self.settings.min_rows:
            return None
        return OBJECTIVES[self.settings.objective] * value

    def settings_of(self, values: Values) -> ClusterSettings:
        algorithm = values.get("algorithm", self.settings.algorithms[0])
        columns = list(dict.fromkeys(map(str, self.data.columns)))
        kept = [name for name in columns if values.get(f"use.{name}", True)]
        more = {name: values[name] for name in ("k", *SPACE_SETTINGS) if name in values}
        if 0 < len(kept) < len(columns):
            more["features"] = tuple(kept)
        fixed = self.settings.algorithm_settings.get(algorithm, {})
        return self.settings.of(
            algorithm, algorithm_settings={**fixed, **own(values, algorithm)}, **more
        )

    def measures(self, row: Row) -> dict[str, Any]:
        return {
            name: row["steps"][-1].get(name) if row["steps"] else None for name in self.MEASURES
        }

    def fingerprint(self) -> str:
        return fingerprint.numbers(self.data)

    def refits(self, rows: Sequence[Row]) -> None:
        return None

    def conclude(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The selected configuration and what was measured of it."""
        chosen = trials.best(rows, "all")
        if chosen is None:
            return {"best": None}
        searched = [name for name in SPACE_SETTINGS if name in self.space]
        searched += ["features"] if self.settings.search_features else []
        notes = []
        if searched and self.settings.objective != "stability":
            notes.append(
                f"the space was searched too ({', '.join(searched)}), and "
                f"{self.settings.objective} favours few dimensions; objective=stability compares "
                "spaces"
            )
        measured = self.measures(chosen)
        if (measured["ari_speakers"] or 0) > max(measured["ari_labels"] or 0, 0.1):
            notes.append("clusters follow speakers; try speaker_norm=true")
        return {
            "objective": self.settings.objective,
            "protocol": f"{self.settings.objective} of all rows, without labels",
            "score": self.score_name,
            "best": {
                "number": chosen["number"],
                "values": chosen["values"],
                "score": chosen["score"],
                **measured,
            },
            "without_score": sum(row["score"] is None for row in rows),
            "notes": notes,
        }

    def text(self, conclusion: dict[str, Any]) -> str:
        best = conclusion["best"]
        shown = {
            name: best[name] for name in self.MEASURES if best[name] is not None and name != "noise"
        }
        numbers = "   ".join(
            f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in shown.items()
        )
        lines = [f"best: {words(best['values'])}", numbers]
        if best["noise"]:
            lines.append(f"noise: {best['noise']:.0%} of the rows")
        return "\n".join([*lines, *(f"note: {note}" for note in conclusion["notes"])])


# mypy sees here that it is all that a kind is.
_KIND: type[Kind] = Clusters


def _space(settings: ClustersSweep, data: Dataset) -> Space:
    space: dict[str, Any] = {}
    if len(settings.algorithms) > 1:
        space["algorithm"] = ("choice", settings.algorithms)
    space["k"] = ("int", settings.k_min, settings.k_max)
    if settings.pca == "search":
        most = min(data.x.shape)
        space["pca"] = ("choice", (*(n for n in COMPONENTS if n < most), None))
    if settings.speaker_norm == "search":
        space["speaker_norm"] = ("choice", (False, True))
    columns = dict.fromkeys(map(str, data.columns))
    if settings.search_features and len(columns) > 1:
        space.update({f"use.{name}": ("choice", (True, False)) for name in columns})
    return {**space, **own_space("clusterers", settings.algorithms, settings.algorithm_settings)}


def _ari(labels: np.ndarray, truth: np.ndarray) -> float | None:
    """Agreement over the rows whose group is known; None where fewer than two groups are."""
    known = np.array([group is not None for group in truth], bool)
    if len(set(truth[known])) < 2:
        return None
    return float(adjusted_rand_score(truth[known].astype(str), labels[known]))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
