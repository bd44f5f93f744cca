"""Train and evaluate: from a table and settings to a bundle, a saved result, and words."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

import emodist
from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import classifier, dataset
from emodist.learning.classifier import Prediction
from emodist.learning.comparison import Comparison, compare
from emodist.learning.dataset import Dataset
from emodist.learning.evaluation import Evaluation
from emodist.learning.folds import Fold
from emodist.learning.settings import TrainSettings
from emodist.models import bundle, classifier_bundle
from emodist.models.card import Learned
from emodist.models.settings import rival
from emodist.network_training import fitting
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import TableSource
from emodist.network_training.state import Progress
from emodist.tables import locate, parquet

# Hears the name of a fold and how far its network is.
Tell: TypeAlias = Callable[[str, Progress], None]
# Epochs by network and fold.
History: TypeAlias = dict[str, dict[str, list[dict[str, float]]]]


@dataclasses.dataclass(frozen=True, eq=False)
class Judgement:
    """An evaluation, and a paired test where another model was given.

    `blended` names the models whose probabilities were averaged with the first one's; `history`
    has, of each network and fold, the epochs that it learned. `notes` are of the bundle that was
    trained on all rows, beside those of the evaluation. `prediction` is out of fold, and `truth`
    the place of each of its rows' label in the classes.
    """

    evaluation: Evaluation
    comparison: Comparison | None = None
    against: str | None = None
    blended: tuple[str, ...] = ()
    history: History = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None
    truth: np.ndarray | None = None

    def to_dict(self) -> dict[str, Any]:
        found = self.evaluation.to_dict()
        found["notes"] += [note for note in self.notes if note not in found["notes"]]
        if self.blended:
            found["blended"] = list(self.blended)
        if self.history:
            found["history"] = self.history
        if self.comparison is not None:
            found["comparison"] = {"against": self.against, **self.comparison.to_dict()}
        return found


def evaluate(
    table: str,
    settings: TrainSettings | NetworkSettings,
    out: str | None = None,
    against: str | None = None,
    tell: Tell | None = None,
    blend: Sequence[str] = (),
) -> Judgement:
    """Cross-validated metrics of a classifier or network; saved with its predictions in `out`.

    `against` names another classifier or network, with its defaults; `blend` names some whose
    probabilities are averaged with those of the model, row by row; `tell` hears of the progress of
    networks.

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
    data, folds, prediction = _predicted(table, settings, _noting(settings, tell, history))
    parts, temperatures = [prediction.probabilities], prediction.temperatures
    for name in blend:
        other = rival(settings, name)
        _, _, more = _predicted(table, other, _noting(other, tell, history))
        parts.append(more.probabilities)
        # What a fold has to be calibrated on is the same for all classifiers.
        temperatures = temperatures or more.temperatures
    prediction = dataclasses.replace(
        prediction, probabilities=np.mean(parts, axis=0), temperatures=temperatures
    )
    found = classifier.judge(data, folds, prediction, settings)
    comparison = None
    if against is not None:
        _, _, others = _predicted(table, rival(settings, against), tell)
        _, classes = data.targets()
        comparison = compare(
            data.label[prediction.rows].astype(str),
            prediction.probabilities,
            others.probabilities,
            classes,
            data.people()[prediction.rows].astype(str),
            found.protocol,
        )
    truth = data.targets()[0][prediction.rows]
    judgement = Judgement(
        found,
        comparison,
        against,
        tuple(blend),
        history,
        prediction=prediction,
        truth=truth,
    )
    if out is not None:
        made = locate.origin(table)
        result = {
            "emodist": emodist.__version__,
            "settings": settings.identity(),
            "table": storage.absolute(table),
            "featurized": made.pop("settings", {}),
            "origin": made,
            "data": dataclasses.asdict(Learned.of(data)),
            "folds": _folds(data, prediction),
            "versions": classifier_bundle.versions(),
            **judgement.to_dict(),
        }
        storage.write(storage.join(out, "evaluation.json"), json.dumps(result, indent=2).encode())
        _save_predictions(storage.join(out, "predictions.parquet"), data, prediction)
    return judgement


def train(table: str, settings: TrainSettings, out: str) -> Judgement:
    """A bundle of a classifier fitted on all rows; its metrics are cross-validated.

    Raises
    ------
    ConfigError, OutputError
        If the table does not fit the settings, or `out` cannot be written.
    """
    where = storage.absolute(out)
    bundle.check_place(where)
    data, _, found = cross_validated(table, settings)
    model, temperature = classifier.fit(data, settings)
    about = classifier_bundle.describe(data, settings, temperature, found, locate.origin(table))
    bundle.save(where, model, about, data)
    return Judgement(found, notes=about.notes)


def text(judgement: Judgement, settings: TrainSettings | NetworkSettings) -> str:
    """The numbers in a few lines, the protocol first."""
    found = judgement.evaluation
    low, high = found.intervals["uar"]
    interval = f"95% {low:.3f} to {high:.3f}" if np.isfinite(low) else "no interval of one speaker"
    lines = [
        f"{' + '.join([settings.model, *judgement.blended])}, {found.protocol}",
        f"UAR {found.uar:.3f} ({interval})   weighted accuracy "
        f"{found.weighted_accuracy:.3f}   macro-F1 {found.macro_f1:.3f}   ROC AUC "
        f"{found.roc_auc:.3f}   ECE {found.ece:.3f}",
        f"{found.n_rows} rows, {found.n_speakers} speakers, {len(found.classes)} classes "
        f"(chance {1 / len(found.classes):.3f}). {found.verdict}",
        "",
        f"{'class':12} {'precision':>9} {'recall':>9} {'F1':>9} {'rows':>6}   taken for",
    ]
    for index, name in enumerate(found.classes):
        row = found.per_class[name]
        wrong = [(n, found.classes[i]) for i, n in enumerate(found.confusion[index]) if i != index]
        taken = ", ".join(f"{other} {n}" for n, other in sorted(wrong, reverse=True)[:2] if n)
        lines.append(
            f"{name:12} {row['precision']:9.3f} {row['recall']:9.3f} {row['f1']:9.3f} "
            f"{row['support']:6.0f}   {taken}"
        )
    if judgement.comparison is not None:
        c = judgement.comparison
        lines += [
            "",
            f"against {judgement.against}: UAR {c.uar_b:.3f}, difference {c.difference:+.3f} (95% "
            f"{c.interval[0]:+.3f} to {c.interval[1]:+.3f}), p = {c.p_value:.3f}. {c.verdict}",
        ]
    if notes := dict.fromkeys([*found.notes, *judgement.notes]):
        lines += ["", *(f"note: {note}" for note in notes)]
    return "\n".join(lines)


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
    table: str, settings: TrainSettings | NetworkSettings, tell: Tell | None = None
) -> tuple[Dataset, Prediction, Evaluation]:
    """The labelled rows, what was said of each by a model that had not seen its fold, and metrics.

    A network reads its rows from the table as it needs them: the dataset then has keys alone.
    """
    data, folds, prediction = _predicted(table, settings, tell)
    return data, prediction, classifier.judge(data, folds, prediction, settings)


def _predicted(
    table: str, settings: TrainSettings | NetworkSettings, tell: Tell | None
) -> tuple[Dataset, list[Fold], Prediction]:
    if isinstance(settings, NetworkSettings):
        data = labelled(table, [])
        source = TableSource(table, data, settings.columns())
        folds = classifier.make_folds(data, settings)
        prediction = fitting.out_of_fold(data, folds, settings, source, tell)
    else:
        data = labelled(table, settings.features)
        folds = classifier.make_folds(data, settings)
        prediction = classifier.out_of_fold(data, folds, settings)
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


def _save_predictions(uri: str, data: Dataset, prediction: Prediction) -> None:
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
    batch = pa.RecordBatch.from_pydict(
        {
            # A column of unknown speakers is of words too.
            name: pa.array(cells, pa.string() if name in words else None)
            for name, cells in columns.items()
        }
    )
    with parquet.writer(uri, batch.schema) as write:
        write(batch)


def _folds(data: Dataset, prediction: Prediction) -> dict[str, Any]:
    """Who was tested in each fold: its model, which is not kept, was fitted on the others."""
    people = data.people()[prediction.rows]
    found: dict[str, Any] = {}
    for name in dict.fromkeys(prediction.fold):
        tested = prediction.fold == name
        speakers = sorted({str(speaker) for speaker in people[tested]})
        found[str(name)] = {"n_test": int(tested.sum()), "test_speakers": speakers}
    return found
