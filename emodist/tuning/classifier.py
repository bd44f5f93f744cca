"""Which classifier with which settings, judged by people whom the choice never saw.

The best of N cross-validated scores is better than the configuration really is: it was chosen for
its luck too (Cawley & Talbot 2010). So there is one search for each outer fold, which sees that
fold's training side alone and scores its trials on inner speaker-independent folds of it; its
winner is fitted on the training side and judged on the fold's test rows. These rows, pooled, give
the **nested score (unbiased)**: what this way of choosing is worth on new people. One more search,
`all`, scores its trials on the outer folds of all rows; its winner is `best.yaml`, and its own
score is the **selected score (optimistic)**.

Each search has its own proposals and its own pruning, so nothing of a fold's test rows reaches
the choice for that fold, with an adaptive search neither. The cost: N configurations, for F outer
and I inner folds, are N (F I + F) fits.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from emodist import dataset, evaluation, registry, splits, sweeps, training
from emodist.config import Choices, TrainSettings, setting
from emodist.dataset import Dataset
from emodist.errors import ConfigError
from emodist.spaces import Space
from emodist.splits import Fold
from emodist.sweeps import Row, SweepSettings, Values
from emodist.training import Prediction

ALL = "all"
# `ensemble` is several of the others, and costs as much as all of them.
MODELS = tuple(name for name in registry.names("estimators") if name != "ensemble")
COMPONENTS = (16, 32, 64, 128, 256)


@dataclasses.dataclass(frozen=True)
class ClassifierSweep(SweepSettings):
    """Feature table in, the best settings of a classifier out."""

    CHOICES: ClassVar[Choices] = {"models": ("estimators", "model_settings")}

    kind: Literal["classifier"] = setting("classifier", "what is tuned")
    models: tuple[str, ...] = setting(MODELS, "which classifiers to choose from")
    model_settings: dict = setting({}, "settings of a classifier that are not searched")
    features: tuple[str, ...] | None = setting(None, "which feature columns; null: all but images")
    search_features: bool = setting(False, "try parts of these features too")
    pca: int | Literal["search"] | None = setting(
        "search", "components kept of the scaled features; null: no PCA; search: try several"
    )
    balance: Literal["search", "weights", "smote", "none"] = setting(
        "search", "weights, smote or none: what is done about rare classes; search: try each"
    )
    folds: str = setting(
        "group5", "ravdess24, ravdess16, loso, groupN, by:ATTRIBUTE, cross:A:B, or randomN"
    )
    inner_folds: int = setting(3, "speaker-independent folds of each training side")
    speaker_norm: bool = setting(
        False, "z-score per speaker from unlabelled rows (transductive; the result says so)"
    )
    prune: bool = setting(False, "give up after one fold what is not of the best third (ASHA)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.models:
            raise ConfigError(f"models is empty; known: {', '.join(registry.names('estimators'))}")
        if self.inner_folds < 2:
            raise ConfigError(f"inner_folds must be at least 2; got {self.inner_folds}")
        if isinstance(self.pca, int) and self.pca < 1:
            raise ConfigError(f"pca must be at least 1; got {self.pca}")
        for name in self.models:
            registry.build("estimators", name, **self.model_settings.get(name, {}))


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """The problem that workers get a copy of. `inner` has the folds of each outer one."""

    SETTINGS: ClassVar[type[SweepSettings]] = ClassifierSweep
    ENTRIES: ClassVar[tuple[str, str]] = ("models", "estimators")
    MEASURES: ClassVar[tuple[str, ...]] = ()
    score_name: ClassVar[str] = "UAR"

    settings: ClassifierSweep
    data: Dataset
    outer: Sequence[Fold]
    inner: Mapping[str, Sequence[Fold]]
    space: Space

    @classmethod
    def load(cls, table: str, settings: SweepSettings) -> "Classifier":
        """The problem of a table.

        Raises
        ------
        ConfigError
            If the table does not fit the settings.
        """
        assert isinstance(settings, ClassifierSweep)
        data = dataset.load(table, settings.features)
        labelled = data.labelled()
        if not len(labelled):
            # Says that there are no labels, and what to do.
            data.targets()
        return cls.of(labelled, settings)

    @classmethod
    def of(cls, data: Dataset, settings: ClassifierSweep) -> "Classifier":
        """The problem of rows that all have a label."""
        data.targets()
        if not data.x.shape[1]:
            raise ConfigError(
                "the chosen features have no numbers; choose others with features=A,B"
            )
        outer = training.make_folds(data, _base(settings))
        people = data.speakers()
        inner = {
            fold.name: splits.inner(fold.train, people, data.label, settings.inner_folds)
            for fold in outer
        }
        n_rows = min(len(fold.train) for folds in inner.values() for fold in folds)
        return cls(settings, data, outer, inner, _space(settings, data, n_rows))

    @property
    def searches(self) -> tuple[str, ...]:
        return (ALL, *self.inner)

    @property
    def prune(self) -> bool:
        return self.settings.prune

    def applies(self, name: str, values: Values) -> bool:
        owner, dot, _ = name.partition(".")
        return not dot or owner in (values.get("model", self.settings.models[0]), "use")

    def n_steps(self, search: str) -> int:
        return len(self._folds(search))

    def step(self, search: str, values: Values, index: int) -> dict[str, Any]:
        """One fit and its test; `right` and `rows` are counts for each class."""
        fold = self._folds(search)[index]
        settings = dataclasses.replace(self.settings_of(values), calibrate=False)
        found = training.out_of_fold(self._part(settings), [fold], settings)
        y, classes = self.data.targets()
        truth = y[found.rows]
        rows = np.bincount(truth, minlength=len(classes))
        is_right = found.probabilities.argmax(axis=1) == truth
        right = np.bincount(truth[is_right], minlength=len(classes))
        step = {"name": fold.name, "right": right.tolist(), "rows": rows.tolist()}
        return {**step, "score": self.score([step])}

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        """UAR over the pooled rows of the folds so far."""
        right, rows = (np.sum([step[name] for step in steps], axis=0) for name in ("right", "rows"))
        return float(np.mean(right[rows > 0] / rows[rows > 0]))

    def settings_of(self, values: Values) -> TrainSettings:
        model = values.get("model", self.settings.models[0])
        own = {
            name.partition(".")[2]: value
            for name, value in values.items()
            if name.startswith(f"{model}.")
        }
        base = _base(self.settings)
        kept = [name for name in _columns(self.data) if values.get(f"use.{name}", True)]
        return dataclasses.replace(
            base,
            model=model,
            model_settings={**self.settings.model_settings.get(model, {}), **own},
            pca=values.get("pca", base.pca),
            balance=values.get("balance", base.balance),
            # Without all of them there is nothing to learn from: none left out is the same as all.
            features=tuple(kept) if 0 < len(kept) < len(_columns(self.data)) else base.features,
        )

    def measures(self, row: Row) -> dict[str, Any]:
        return {}

    def conclude(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The selected configuration, and the nested score of choosing it like this."""
        chosen = sweeps.best(rows, ALL)
        winners = {fold.name: sweeps.best(rows, fold.name) for fold in self.outer}
        if chosen is None or None in winners.values():
            return {"best": None, "nested": None}
        parts = [self._judged(fold, winners[fold.name]) for fold in self.outer]
        pooled = Prediction(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(Prediction)
            )
        )
        found = training.judge(self.data, self.outer, pooled, _base(self.settings))
        inner = f"settings chosen in each fold by {self.settings.inner_folds} inner folds"
        found = dataclasses.replace(found, protocol=f"{found.protocol}, {inner}")
        return {
            "protocol": found.protocol,
            "score": "UAR",
            "selected_score_optimistic": chosen["score"],
            "nested_score_unbiased": found.uar,
            "nested_interval_95": list(found.intervals["uar"]),
            "chance": 1 / len(found.classes),
            "best": {"number": chosen["number"], "values": chosen["values"]},
            "nested": {
                "winners": [
                    {
                        "fold": name,
                        "number": row["number"],
                        "values": row["values"],
                        "inner_score": row["score"],
                        "outer_score": found.per_fold[name]["uar"],
                    }
                    for name, row in winners.items()
                    if row is not None
                ],
                "evaluation": found.to_dict(),
            },
        }

    def text(self, found: dict[str, Any]) -> str:
        low, high = found["nested_interval_95"]
        nested = found["nested"]["evaluation"]
        lines = [
            found["protocol"],
            f"selected score (optimistic)  UAR {found['selected_score_optimistic']:.3f}   "
            "best.yaml, on the folds that chose it",
            f"nested score (unbiased)      UAR {found['nested_score_unbiased']:.3f}   "
            f"95% {low:.3f} to {high:.3f}, {nested['n_speakers']} speakers, "
            f"chance {found['chance']:.3f}",
        ]
        if nested["n_speakers"] < evaluation.MIN_SPEAKERS:
            lines.append(nested["verdict"])
        for winner in found["nested"]["winners"]:
            lines.append(
                f"  {winner['fold']:14} inner {winner['inner_score']:.3f}   outer "
                f"{winner['outer_score']:.3f}   {words(winner['values'])}"
            )
        return "\n".join([*lines, f"best: {words(found['best']['values'])}"])

    def _folds(self, search: str) -> Sequence[Fold]:
        return self.outer if search == ALL else self.inner[search]

    def _part(self, settings: TrainSettings) -> Dataset:
        if settings.features is None or set(settings.features) >= set(_columns(self.data)):
            return self.data
        return self.data.pick(settings.features)

    def _judged(self, fold: Fold, winner: Row | None) -> Prediction:
        assert winner is not None
        settings = self.settings_of(winner["values"])
        # As in the trials: BLAS threads on matrices of this size wait for each other.
        with threadpool_limits(1):
            return training.out_of_fold(self._part(settings), [fold], settings)


def words(values: Values) -> str:
    """A configuration as settings on a command line."""
    return " ".join(f"{k}={'null' if v is None else v}" for k, v in values.items())


def _base(settings: ClassifierSweep) -> TrainSettings:
    """What all configurations share."""
    return TrainSettings(
        model=settings.models[0],
        model_settings=settings.model_settings.get(settings.models[0], {}),
        features=settings.features,
        folds=settings.folds,
        pca=settings.pca if isinstance(settings.pca, int) else None,
        balance="weights" if settings.balance == "search" else settings.balance,
        speaker_norm=settings.speaker_norm,
        seed=settings.seed,
    )


def _space(settings: ClassifierSweep, data: Dataset, n_rows: int) -> Space:
    """Names are those of settings; `use.NAME` is whether a feature is used."""
    space: dict[str, Any] = {}
    if len(settings.models) > 1:
        space["model"] = ("choice", settings.models)
    if settings.pca == "search":
        most = min(n_rows, data.x.shape[1])
        space["pca"] = ("choice", (None, *(n for n in COMPONENTS if n < most)))
    if settings.balance == "search":
        y, _ = data.targets()
        # SMOTE needs neighbours in each training part; the rarest class has least of them.
        enough = np.bincount(y).min() > 4 * training.SMOTE_NEIGHBORS
        space["balance"] = (
            "choice",
            ("weights", "smote", "none") if enough else ("weights", "none"),
        )
    columns = _columns(data)
    if settings.search_features and len(columns) > 1:
        space.update({f"use.{name}": ("choice", (True, False)) for name in columns})
    for model in settings.models:
        entry: Any = registry.get("estimators", model)
        fixed = settings.model_settings.get(model, {})
        space.update({f"{model}.{k}": d for k, d in entry.SPACE.items() if k not in fixed})
    return space


def _columns(data: Dataset) -> list[str]:
    return list(dict.fromkeys(map(str, data.columns)))
