"""Classifiers on feature tables: what is fitted, on which rows, and how it is judged.

Everything that learns stands in one scikit-learn pipeline and is fitted inside the training side
of a fold: scaler, winsorizer, PCA, SMOTE, classifier, temperature. Only the z-score per
speaker stands before it; it sees a speaker's own rows and no label, and the protocol says so.

Folds and row numbers are of originals; augmented variants are learned from where all of their
original is, and nothing is ever judged or calibrated on them.
"""

import dataclasses
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from emodist.errors import ConfigError
from emodist.estimators._winsorizer import Winsorizer
from emodist.learning import calibration, doubts, evaluation, speaker_norm, splits, temperature
from emodist.learning.dataset import Dataset
from emodist.learning.folds import Fold, overlap
from emodist.learning.settings import Judged, TrainSettings
from emodist.learning.temperature import Temperature

# Types of the steps before the classifier that skops does not trust by itself; none runs code.
TRUSTS = (
    "emodist.estimators._winsorizer.Winsorizer",
    "imblearn.over_sampling._smote.base.SMOTE",
    "imblearn.pipeline.Pipeline",
)
# SMOTE draws between so many neighbours of a class.
SMOTE_NEIGHBORS = 5
# Up to so many numbers, threads cost more than they bring: 960 rows of 700 take logistic
# regression 0.03 s of CPU on one thread and 0.44 s on two, and gradient boosting 39 and 144 s.
ONE_THREAD = 20_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Prediction:
    """Out-of-fold probabilities, shape (n_rows, n_classes), and the fold that judged each row.

    Rows that no fold tests are not in `rows`. `temperatures` are those of the folds, of a
    classifier that was calibrated.
    """

    rows: np.ndarray
    fold: np.ndarray
    probabilities: np.ndarray
    temperatures: tuple[Temperature, ...] = ()

    @classmethod
    def joined(cls, parts: Sequence["Prediction"]) -> "Prediction":
        """Of all folds, from those of each."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.fold for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            tuple(one for part in parts for one in part.temperatures),
        )


def pipeline(settings: TrainSettings, y: np.ndarray) -> Pipeline:
    """An unfitted pipeline for training rows with the classes `y`.

    Raises
    ------
    ConfigError
        If SMOTE or nearest neighbours are asked for and there are too few rows for them.
    """
    steps: list[tuple[str, object]] = [("scaler", StandardScaler()), ("winsorizer", Winsorizer())]
    if settings.pca is not None:
        steps.append(("pca", PCA(n_components=settings.pca, random_state=settings.seed)))
    if settings.balance == "smote":
        fewest = int(np.bincount(y).min())
        if fewest <= SMOTE_NEIGHBORS:
            raise ConfigError(
                f"balance=smote needs more than {SMOTE_NEIGHBORS} rows of each class in training; "
                f"one has {fewest}. Take balance=weights"
            )
        steps.append(("smote", SMOTE(k_neighbors=SMOTE_NEIGHBORS, random_state=settings.seed)))
    weight = "balanced" if settings.balance == "weights" else None
    classifier = settings.build_model().build(weight, settings.seed)
    wanted = {k: v for k, v in classifier.get_params().items() if k.endswith("n_neighbors")}
    if max(wanted.values(), default=0) > len(y):
        raise ConfigError(
            f"knn.n_neighbors={max(wanted.values())} needs as many training rows; a fold has "
            f"{len(y)}. Take fewer neighbours or another model"
        )
    steps.append(("classifier", classifier))
    return Pipeline(steps)


def inputs(data: Dataset, settings: TrainSettings) -> np.ndarray:
    """What the pipeline learns from, float64, shape (n_rows, n_numbers).

    With `speaker_norm`, each speaker's rows are brought to mean 0 and spread 1: the shift between
    voices goes, and what a voice does remains. Test speakers are scaled by their own rows, without
    labels (transductive).

    Raises
    ------
    ConfigError
        If `speaker_norm` is asked for and a speaker is unknown.
    """
    if not settings.speaker_norm:
        return data.x.astype(np.float64)
    data.speakers()
    return speaker_norm.scaled(data.x, speaker_norm.voices(data), speaker_norm.of(data.x, data))


def out_of_fold(data: Dataset, folds: Iterable[Fold], settings: TrainSettings) -> Prediction:
    """Probabilities for each tested row from a pipeline that saw only its fold's training side.

    With `calibrate`, a temperature is fitted on speakers of the training side that an inner
    pipeline did not see, or on what there is instead (`temperature`).
    """
    x = inputs(data, settings)
    y, classes = data.targets()
    rows, names, parts, temperatures = [], [], [], []
    for fold in folds:
        learned = data.with_variants(fold.train)
        said = _fitted(x, y, learned, settings).predict_proba(x[fold.test])
        if settings.calibrate:
            temperatures.append(_temperature(data, x, y, fold.train, settings))
            said = calibration.apply_temperature(said, temperatures[-1].value)
        rows.append(fold.test)
        names.append(np.full(len(fold.test), fold.name, dtype=object))
        parts.append(_all_classes(said, y[fold.train], len(classes)))
    return Prediction(
        np.concatenate(rows),
        np.concatenate(names),
        np.concatenate(parts),
        tuple(temperatures),
    )


def _temperature(
    data: Dataset, x: np.ndarray, y: np.ndarray, rows: np.ndarray, settings: TrainSettings
) -> Temperature:
    def probabilities(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        said = _fitted(x, y, data.with_variants(train), settings).predict_proba(x[test])
        return _all_classes(said, y[train], y.max() + 1)

    return temperature.fitted(data, rows, probabilities)


def judge(
    data: Dataset,
    folds: Sequence[Fold],
    prediction: Prediction,
    settings: Judged,
) -> evaluation.Evaluation:
    """Metrics of out-of-fold predictions; the protocol's name says what was done."""
    _, classes = data.targets()
    protocol = splits.title(settings.folds, folds)
    if settings.speaker_norm:
        protocol += ", z-score per speaker (transductive)"
    if n_variants := int(data.is_variant().sum()):
        protocol += f", {n_variants} augmented rows used in training only"
    people = data.people()[prediction.rows]
    return evaluation.evaluate(
        data.label[prediction.rows].astype(str),
        prediction.probabilities,
        classes,
        people.astype(str),
        prediction.fold,
        protocol,
        speakers_overlap=bool(overlap(folds, data.people())),
        notes=(*doubts.of(data, settings), *temperature.notes(prediction.temperatures)),
    )


def make_folds(data: Dataset, settings: Judged) -> list[Fold]:
    """The folds that `settings.folds` names, for these rows."""
    return data.folds(settings.folds, np.random.default_rng(settings.seed))


def fit(data: Dataset, settings: TrainSettings) -> tuple[Pipeline, Temperature]:
    """A pipeline fitted on all rows, and its temperature (1 without `calibrate`)."""
    x = inputs(data, settings)
    y, _ = data.targets()
    rows = np.flatnonzero(~data.is_variant())
    fitted = _fitted(x, y, data.with_variants(rows), settings)
    if not settings.calibrate:
        return fitted, Temperature()
    return fitted, _temperature(data, x, y, rows, settings)


def _fitted(x: np.ndarray, y: np.ndarray, rows: np.ndarray, settings: TrainSettings) -> Pipeline:
    is_small = len(rows) * x.shape[1] < ONE_THREAD
    with threadpool_limits(1 if is_small else None), warnings.catch_warnings():
        # The perceptron's number of epochs is a setting, not a failure to converge.
        warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
        return pipeline(settings, y[rows]).fit(x[rows], y[rows])


def _all_classes(said: np.ndarray, trained: np.ndarray, n_classes: int) -> np.ndarray:
    """Columns for every class; one that the training side lacks has probability 0."""
    full = np.zeros((len(said), n_classes))
    full[:, np.unique(trained)] = said
    return full
