"""Which classifier with which settings, judged by people whom the choice never saw (`_nested`)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from emodist import registry
from emodist.config import Choices, setting
from emodist.errors import ConfigError
from emodist.learning import classifier, dataset, fingerprint
from emodist.learning.classifier import Prediction
from emodist.learning.dataset import Dataset
from emodist.learning.settings import TrainSettings
from emodist.spaces import Space
from emodist.sweeps.proposals import Values
from emodist.sweeps.trials import Kind, Row, SweepSettings
from emodist.tuning._nested import Nested, counted, inner_folds, own, own_space

# `ensemble` is several of the others, and costs as much as all of them.
MODELS = tuple(name for name in registry.own_names("estimators") if name != "ensemble")
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
class Classifier(Nested):
    """The problem that workers get a copy of; a trial's step is one fold."""

    SETTINGS: ClassVar[type[SweepSettings]] = ClassifierSweep
    ENTRIES: ClassVar[tuple[str, str]] = ("models", "estimators")

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
        outer = classifier.make_folds(data, _base(settings))
        inner = inner_folds(data, outer, settings.inner_folds)
        n_rows = min(len(fold.train) for folds in inner.values() for fold in folds)
        return cls(settings, data, outer, inner, _space(settings, data, n_rows))

    def applies(self, name: str, values: Values) -> bool:
        owner, dot, _ = name.partition(".")
        return not dot or owner in (values.get("model", self.settings.models[0]), "use")

    def n_steps(self, search: str) -> int:
        return len(self.folds(search))

    def step(self, row: Row) -> dict[str, Any]:
        """One fit and its test; `right` and `rows` are counts for each class."""
        fold = self.folds(row["search"])[len(row["steps"])]
        settings = dataclasses.replace(self.settings_of(row["values"]), calibrate=False)
        prediction = classifier.out_of_fold(self._part(settings), [fold], settings)
        step = {"name": fold.name, **counted(self.data, prediction)}
        return {**step, "score": self.score([step])}

    def fingerprint(self) -> str:
        return fingerprint.numbers(self.data)

    def settings_of(self, values: Values) -> TrainSettings:
        model = values.get("model", self.settings.models[0])
        base = _base(self.settings)
        kept = [name for name in _columns(self.data) if values.get(f"use.{name}", True)]
        return dataclasses.replace(
            base,
            model=model,
            model_settings={**self.settings.model_settings.get(model, {}), **own(values, model)},
            pca=values.get("pca", base.pca),
            balance=values.get("balance", base.balance),
            # Without all of them there is nothing to learn from: none left out is the same as all.
            features=tuple(kept) if 0 < len(kept) < len(_columns(self.data)) else base.features,
        )

    def _part(self, settings: TrainSettings) -> Dataset:
        if settings.features is None or set(settings.features) >= set(_columns(self.data)):
            return self.data
        return self.data.pick(settings.features)

    def _judged(self, winners: Mapping[str, Row], rows: Sequence[Row]) -> list[Prediction]:
        parts = []
        for fold in self.outer:
            settings = self.settings_of(winners[fold.name]["values"])
            # As in the trials: BLAS threads on matrices of this size wait for each other.
            with threadpool_limits(1):
                parts.append(classifier.out_of_fold(self._part(settings), [fold], settings))
        return parts


# mypy sees here that it is all that a kind is.
_KIND: type[Kind] = Classifier


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
        plugins=settings.plugins,
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
        enough = np.bincount(y).min() > 4 * classifier.SMOTE_NEIGHBORS
        space["balance"] = (
            "choice",
            ("weights", "smote", "none") if enough else ("weights", "none"),
        )
    columns = _columns(data)
    if settings.search_features and len(columns) > 1:
        space.update({f"use.{name}": ("choice", (True, False)) for name in columns})
    return {**space, **own_space("estimators", settings.models, settings.model_settings)}


def _columns(data: Dataset) -> list[str]:
    return list(dict.fromkeys(map(str, data.columns)))
