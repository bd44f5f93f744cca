"""Train and evaluate: from a table and settings to a bundle, a saved result, and words."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

import emodist
from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import classifier, dataset
from emodist.learning.classifier import Prediction
from emodist.learning.comparison import compare
from emodist.learning.dataset import Dataset
from emodist.learning.evaluation import Evaluation
from emodist.learning.folds import Fold
from emodist.learning.settings import TrainSettings
from emodist.models import bundle, classifier_bundle
from emodist.models.card import Learned
from emodist.models.judgement import History, Judgement
from emodist.models.settings import rival
from emodist.network_training import fitting
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import TableSource
from emodist.network_training.state import Progress
from emodist.tables import locate, parquet, records

# Hears the name of a fold and how far its network is.
Tell: TypeAlias = Callable[[str, Progress], None]
# Gives the folds of a classifier one by one, and sees how far it is.
Watch: TypeAlias = Callable[[Sequence[Fold]], Iterable[Fold]]


def evaluate(
    table: str,
    settings: TrainSettings | NetworkSettings,
    out: str | None = None,
    against: str | None = None,
    tell: Tell | None = None,
    blend: Sequence[str] = (),
    watch: Watch = iter,
) -> Judgement:
    """Cross-validated metrics of a classifier or network; saved with its predictions in `out`.

    `against` names another classifier or network, with its defaults; `blend` names some whose
    probabilities are averaged with those of the model, row by row; `tell` hears of the progress of
    networks, and `watch` sees the folds of classifiers.

    Raises
    ------
    ConfigError
        If the table does not fit the settings, or a model is blended with itself.
    """
    if len({settings.model, *blend}) <= len(blend):
        raise ConfigError(
            f"--with takes other models, each once; got {', '.join(blend)} beside {settings.model}"
        )
    history: History = {}
    data, folds, prediction = _predicted(table, settings, _noting(settings, tell, history), watch)
    parts, temperatures = [prediction.probabilities], prediction.temperatures
    for name in blend:
        other = rival(settings, name)
        _, _, more = _predicted(table, other, _noting(other, tell, history), watch)
        parts.append(more.probabilities)
        # What a fold has to be calibrated on is the same for all classifiers.
        temperatures = temperatures or more.temperatures
    prediction = dataclasses.replace(
        prediction, probabilities=np.mean(parts, axis=0), temperatures=temperatures
    )
    evaluation = classifier.judge(data, folds, prediction, settings)
    comparison = None
    if against is not None:
        _, _, others = _predicted(table, rival(settings, against), tell, watch)
        _, classes = data.targets()
        comparison = compare(
            data.label[prediction.rows].astype(str),
            prediction.probabilities,
            others.probabilities,
            classes,
            data.people()[prediction.rows].astype(str),
            evaluation.protocol,
        )
    judgement = Judgement(
        evaluation,
        settings.identity(),
        comparison,
        against,
        tuple(blend),
        history,
        prediction=prediction,
        truth=data.targets()[0][prediction.rows],
        rows=_rows(data, prediction),
        out=None if out is None else storage.absolute(out),
    )
    if out is not None:
        made = locate.origin(table)
        result = {
            "emodist": emodist.__version__,
            "settings": judgement.settings,
            "table": storage.absolute(table),
            "featurized": made.pop("settings", {}),
            "origin": made,
            "data": dataclasses.asdict(Learned.of(data)),
            "folds": _folds(data, prediction),
            "versions": classifier_bundle.versions(),
            **judgement.to_dict(),
        }
        records.write(storage.join(out, "evaluation.json"), result)
        rows = judgement.to_arrow()
        with parquet.writer(storage.join(out, "predictions.parquet"), rows.schema) as write:
            for batch in rows.to_batches():
                write(batch)
    return judgement


def train(table: str, settings: TrainSettings, out: str, watch: Watch = iter) -> Judgement:
    """A bundle of a classifier fitted on all rows; its metrics are cross-validated.

    Raises
    ------
    ConfigError, OutputError
        If the table does not fit the settings, or `out` cannot be written.
    """
    where = storage.absolute(out)
    bundle.check_place(where)
    data, _, evaluation = cross_validated(table, settings, watch=watch)
    model, temperature = classifier.fit(data, settings)
    origin = locate.origin(table)
    about = classifier_bundle.describe(data, settings, temperature, evaluation, origin)
    bundle.save(where, model, about, data)
    return Judgement(evaluation, about.settings, notes=about.notes)


def labelled(table: str, features: Sequence[str] | None) -> Dataset:
    """The rows of a table that have a label, with the given features.

    Raises
    ------
    ConfigError
        If there are none, or the table is not as it should be.
    """
    data = dataset.load(table, features)
    rows = data.labelled()
    if not len(rows):
        # Says that there are no labels, and what to do.
        data.targets()
    return rows


def cross_validated(
    table: str,
    settings: TrainSettings | NetworkSettings,
    tell: Tell | None = None,
    watch: Watch = iter,
) -> tuple[Dataset, Prediction, Evaluation]:
    """The labelled rows, what was said of each by a model that had not seen its fold, and metrics.

    A network reads its rows from the table as it needs them: the dataset then has keys alone.
    """
    data, folds, prediction = _predicted(table, settings, tell, watch)
    return data, prediction, classifier.judge(data, folds, prediction, settings)


def _predicted(
    table: str, settings: TrainSettings | NetworkSettings, tell: Tell | None, watch: Watch
) -> tuple[Dataset, list[Fold], Prediction]:
    if isinstance(settings, NetworkSettings):
        data = labelled(table, [])
        source = TableSource(table, data, settings.columns())
        folds = classifier.make_folds(data, settings)
        prediction = fitting.out_of_fold(data, folds, settings, source, tell)
    else:
        data = labelled(table, settings.features)
        folds = classifier.make_folds(data, settings)
        prediction = classifier.out_of_fold(data, watch(folds), settings)
    return data, folds, prediction


def _noting(settings: TrainSettings | NetworkSettings, tell: Tell | None, history: History) -> Tell:
    """Passes on what a network tells, and notes its epochs."""

    def hear(fold: str, progress: Progress) -> None:
        if progress.row is not None:
            rows = history.setdefault(settings.model, {}).setdefault(fold, [])
            rows.append({name: float(f"{value:.6g}") for name, value in progress.row.items()})
        if tell is not None:
            tell(fold, progress)

    return hear


def _rows(data: Dataset, prediction: Prediction) -> pa.Table:
    """What was said of each row."""
    rows = data.select(prediction.rows)
    _, classes = data.targets()
    best = prediction.probabilities.argmax(axis=1)
    columns: dict[str, Any] = {
        name: getattr(rows, name)
        for name in (
            *("recording_id", "segment", "start_s", "end_s"),
            *("uri", "corpus", "speaker", "label"),
        )
    }
    columns["fold"] = prediction.fold
    for index, name in enumerate(classes):
        columns[f"p_{name}"] = prediction.probabilities[:, index].astype(np.float32)
    columns["predicted"] = np.array(classes)[best]
    columns["confidence"] = prediction.probabilities.max(axis=1).astype(np.float32)
    words = ("uri", "corpus", "speaker", "label", "fold", "predicted", "recording_id")
    return pa.table(
        {
            # A column of unknown speakers is of words too.
            name: pa.array(cells, pa.string() if name in words else None)
            for name, cells in columns.items()
        }
    )


def _folds(data: Dataset, prediction: Prediction) -> dict[str, Any]:
    """Who was tested in each fold: its model, which is not kept, was fitted on the others."""
    people = data.people()[prediction.rows]
    made: dict[str, Any] = {}
    for name in dict.fromkeys(prediction.fold):
        tested = prediction.fold == name
        speakers = sorted({str(speaker) for speaker in people[tested]})
        made[str(name)] = {"n_test": int(tested.sum()), "test_speakers": speakers}
    return made
