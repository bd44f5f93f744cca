"""Clusters of a feature table: how many, how stable, whose, and which clips to listen to.

Rows are z-scored per speaker (if asked for), scaled, and reduced to principal components; the
scores, the distances and the examples all live in that space.

- k is the one with the best mean rank over silhouette (high), Calinski-Harabasz (high) and
  Davies-Bouldin (low); of equals the smallest. Stability is shown and does not choose.
- Stability is a bootstrap ARI: speakers (recordings, rows, where there are few) are drawn with
  replacement, the distinct ones are clustered anew, and their clusters compared with the first
  ones by the adjusted Rand index.
- Noise (-1, HDBSCAN) is left out of the three indices; in agreement and stability it counts as
  one more cluster.
"""

import dataclasses
import importlib.metadata
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import emodist
from emodist.clustering import quality, words
from emodist.clustering.quality import NOISE
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError
from emodist.learning import classifier
from emodist.learning.dataset import Dataset
from emodist.learning.settings import TrainSettings
from emodist.tables import schema

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PACKAGES = ("scikit-learn", "scipy", "numpy")
# Of a row, beside its cluster.
KEYS = ("recording_id", "segment", "start_s", "end_s", "uri", "corpus", "speaker", "label")
# Fewer speakers or recordings than this are not drawn as wholes.
LEAST_UNITS = 5
# Below so many rows, threads of k-means wait for each other: one is 20 times faster on 960 rows.
MANY_ROWS = 20_000


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Clustering:
    """Clusters of the rows of `data`, the largest first.

    `points` is the space that was clustered, shape (n_rows, n_dimensions). `cluster` counts from
    0, with -1 for noise; `distance` is the Euclidean one to the mean of the row's cluster, nan for
    noise; `confidence` comes from clusterers that give one, nan otherwise. `scores` has one entry
    for each k, `examples` the row numbers for each cluster, nearest first. `about` is what
    `clusters.json` holds, `out` where that was written.
    """

    data: Dataset
    points: np.ndarray
    cluster: np.ndarray
    distance: np.ndarray
    confidence: np.ndarray
    scores: list[dict[str, Any]]
    examples: dict[int, np.ndarray]
    about: dict[str, Any]
    out: str | None = None

    def to_arrow(self) -> pa.Table:
        """The keys of each row, its `cluster`, `distance` and `confidence`."""
        columns = {name: pa.array(getattr(self.data, name), _type(name)) for name in KEYS}
        columns["cluster"] = pa.array(self.cluster, pa.int32())
        for name in ("distance", "confidence"):
            numbers = getattr(self, name).astype(np.float32)
            columns[name] = pa.array(numbers, pa.float32(), from_pandas=True)
        return pa.table(columns)

    def to_pandas(self) -> "pd.DataFrame":
        """As `to_arrow`."""
        return self.to_arrow().to_pandas()

    def plot(self, what: Literal["rows", "scores"] = "rows") -> "Figure":
        """The rows on their first two principal components, or the scores of each k."""
        from emodist import plots

        if what == "scores":
            return plots.scores_by_k(self.scores, self.about["k"])
        chosen = self.about["settings"]
        rng = np.random.default_rng(chosen["seed"])
        drawn = at_most(chosen["sample"], np.arange(len(self.points)), rng)
        return plots.scatter(self.points, self.cluster, drawn)

    def __str__(self) -> str:
        return words.text(self.about)

    def __repr__(self) -> str:
        chosen = self.about["settings"]
        return f"Clustering: {self.about['k']} of {len(self.data):,} rows, {chosen['algorithm']}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        from emodist import plots

        return plots.cell(self.plot())


def cluster(data: Dataset, settings: ClusterSettings) -> Clustering:
    """Clusters for each k that is to be tried, and all about those of the chosen one.

    Raises
    ------
    ConfigError
        If there are too few or too many rows for the settings, or a speaker is unknown and
        `speaker_norm` needs it.
    """
    entry: Any = settings.build_algorithm()
    check_size(entry, settings.algorithm, len(data))
    points, variance = space(data, settings)
    ks = _ks(entry, settings, len(np.unique(points, axis=0)))
    rng = np.random.default_rng(settings.seed)
    sampled = at_most(settings.sample, np.arange(len(points)), rng)
    unit, draws = bootstrap(data, settings, rng)
    fits = {k: fit(entry, points, k, settings) for k in ks}
    scores = []
    for k, (labels, _) in fits.items():
        row: dict[str, Any] = {"k": len(set(labels) - {NOISE})}
        row.update(quality.score(points, labels, sampled))
        row["stability"] = stability(entry, points, labels, k, draws, settings)
        row["smallest"] = min(Counter(labels[labels != NOISE].tolist()).values(), default=0)
        scores.append(row)
    chosen, own = quality.choose(scores)
    labels, confidence = fits[ks[chosen]]
    distance = _distances(points, labels)
    examples = _examples(data, labels, distance, settings.n_examples)
    people = data.people()
    about: dict[str, Any] = {
        "emodist": emodist.__version__,
        "settings": settings.identity(),
        "rows": len(data),
        "dimensions": points.shape[1],
        "variance_kept": variance,
        "k": scores[chosen]["k"],
        "k_of_each_index": own,
        "scores": scores,
        "noise": int((labels == NOISE).sum()),
        "silhouette_rows": len(sampled),
        "stability": {"resampled": unit, "n_resamples": settings.n_resamples},
        "labels": quality.agreement(labels, data.label, rng),
        "speakers": quality.agreement(labels, people, rng),
        "clusters": _portraits(data, labels, examples),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    about["notes"] = words.notes(about, people)
    return Clustering(
        data, points, labels, distance, confidence, scores, examples, without_nan(about)
    )


def check_size(entry: Any, algorithm: str, n_rows: int) -> None:
    """Nothing, if the clusterer can take so many rows.

    Raises
    ------
    ConfigError
        If it cannot.
    """
    if entry.MOST_ROWS is not None and n_rows > entry.MOST_ROWS:
        raise ConfigError(
            f"{algorithm} compares pairs of rows and takes at most {entry.MOST_ROWS}; "
            f"the table has {n_rows}. Take algorithm=mini_batch_kmeans"
        )


def space(data: Dataset, settings: ClusterSettings) -> tuple[np.ndarray, float]:
    """The points that are clustered, and the share of variance that PCA kept."""
    if len(data) < 2:
        raise ConfigError("there is nothing to cluster: the table has one row")
    if not data.x.shape[1]:
        raise ConfigError("the chosen features have no numbers; choose others with features=A,B")
    # One z-score per speaker in the whole house: the one that training uses.
    x = classifier.inputs(data, TrainSettings(speaker_norm=settings.speaker_norm))
    if not np.ptp(x, axis=0).any():
        what = " after the z-score per speaker" if settings.speaker_norm else ""
        raise ConfigError(f"there is nothing to cluster: all rows are the same{what}")
    points = StandardScaler().fit_transform(x)
    if settings.pca is None:
        return points, 1.0
    pca = PCA(min(settings.pca, *points.shape), random_state=settings.seed)
    return pca.fit_transform(points), float(pca.explained_variance_ratio_.sum())


def _ks(entry: Any, settings: ClusterSettings, n_distinct: int) -> list[int]:
    if not entry.TAKES_K:
        return [0]
    low, high = (settings.k_min, settings.k_max) if settings.k is None else (settings.k, settings.k)
    if n_distinct <= high:
        name = "k_max" if settings.k is None else "k"
        advice = f"; {name} can be {n_distinct - 1} at most" if n_distinct > 2 else ""
        raise ConfigError(
            f"{name}={high} clusters need more than {high} different rows; "
            f"the table has {n_distinct}{advice}"
        )
    return list(range(low, high + 1))


def fit(
    entry: Any, points: np.ndarray, k: int, settings: ClusterSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Clusters by falling size, and confidences (nan where the clusterer has none)."""
    model = entry.build(k, settings.seed)
    try:
        n_threads = 1 if len(points) < MANY_ROWS else None
        with threadpool_limits(n_threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            labels = np.asarray(model.fit_predict(points))
    except ValueError as error:
        raise ConfigError(f"{settings.algorithm}: {str(error).splitlines()[0]}") from None
    if hasattr(model, "predict_proba"):
        confidence = model.predict_proba(points).max(axis=1)
    else:
        confidence = getattr(model, "probabilities_", np.full(len(points), math.nan))
    # Of equal size, the one that comes first in the table.
    sizes = Counter(labels[labels != NOISE].tolist())
    renamed = {old: new for new, (old, _) in enumerate(sizes.most_common())}
    return np.array([renamed.get(label, NOISE) for label in labels.tolist()]), confidence


def bootstrap(
    data: Dataset, settings: ClusterSettings, rng: np.random.Generator
) -> tuple[str, list[np.ndarray]]:
    """What is drawn, and the distinct rows of each draw.

    Rows of one voice or one recording hang together, so they are drawn together. Rows that came
    twice would look dense to HDBSCAN, so they count once.
    """
    people = data.people()
    unit, groups = "rows", np.arange(len(data))
    if all(who is not None for who in people) and len(set(people)) >= LEAST_UNITS:
        unit, groups = "speakers", people
    elif LEAST_UNITS <= len(set(data.recording_id)) < len(data):
        unit, groups = "recordings", data.recording_id
    names, codes = np.unique(groups, return_inverse=True)
    draws = []
    for _ in range(settings.n_resamples):
        drawn = np.zeros(len(names), bool)
        drawn[rng.integers(len(names), size=len(names))] = True
        draws.append(at_most(settings.sample, np.flatnonzero(drawn[codes]), rng))
    return unit, draws


def stability(
    entry: Any,
    points: np.ndarray,
    labels: np.ndarray,
    k: int,
    draws: Sequence[np.ndarray],
    settings: ClusterSettings,
) -> float:
    """Mean ARI of clusters made from each draw with those of all rows; nan without clusters."""
    if len(set(labels) - {NOISE}) < 2:
        return math.nan
    agreements = []
    for rows in draws:
        try:
            again, _ = fit(entry, points[rows], k, settings)
        except ConfigError:
            # A draw of a small table can have fewer rows than the clusterer needs.
            continue
        agreements.append(metrics.adjusted_rand_score(labels[rows], again))
    return float(np.mean(agreements)) if agreements else math.nan


def at_most(n_rows: int, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= n_rows else np.sort(rng.choice(rows, n_rows, replace=False))


def _distances(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    distance = np.full(len(points), math.nan)
    for label in set(labels.tolist()) - {NOISE}:
        own = labels == label
        distance[own] = np.linalg.norm(points[own] - points[own].mean(axis=0), axis=1)
    return distance


def _examples(
    data: Dataset, labels: np.ndarray, distance: np.ndarray, n_examples: int
) -> dict[int, np.ndarray]:
    """Rows nearest to each centre, one of a recording: neighbouring windows sound alike."""
    nearest = {}
    for label in sorted(set(labels.tolist()) - {NOISE}):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(distance[rows], kind="stable")]
        _, first = np.unique(data.recording_id[rows].astype(str), return_index=True)
        nearest[label] = rows[np.sort(first)[:n_examples]]
    return nearest


def _portraits(
    data: Dataset, labels: np.ndarray, examples: Mapping[int, np.ndarray]
) -> list[dict[str, Any]]:
    people = data.people()
    portraits = []
    for label, nearest in examples.items():
        own = labels == label
        named = [name for name in data.label[own] if name is not None]
        common = Counter(named).most_common(3)
        portraits.append(
            {
                "cluster": label,
                "rows": int(own.sum()),
                "speakers": len(set(people[own]) - {None}),
                "labels": {str(name): count / len(named) for name, count in common},
                "example": _clip(data, nearest[0]) if len(nearest) else None,
            }
        )
    return portraits


def _type(name: str) -> pa.DataType:
    return schema.SEGMENTS.field(name).type


def _clip(data: Dataset, row: int) -> str:
    return f"{data.uri[row]} {data.start_s[row]:.1f}-{data.end_s[row]:.1f} s"


def without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
