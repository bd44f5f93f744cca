"""How good predictions are, and how sure that is: metrics, intervals over speakers, tests.

Conventions, so that a number means one thing:

- UAR is the mean recall of the classes that occur in the truth; weighted accuracy is the share of
  rows that are right; macro-F1 is the mean over classes that occur in truth or predictions;
- rows of all folds are pooled: one confusion matrix, not a mean over folds;
- ROC AUC is one-vs-rest and ranks rows within their fold: it is the share of pairs (row of the
  class, other row, of one fold) in the right order, ties half; in other words the mean of the
  folds' areas, weighted by their pairs. Each fold has its own model and temperature, whose scores
  have no common scale. Macro is the mean over the classes that have such pairs; None for a class
  that has none;
- ECE is of the highest probability, in 15 bins of equal mass (Guo et al. 2017 use equal width;
  equal mass leaves no bin with a handful of rows);
- intervals are 95%, from resampled speakers, and do not know how another training run would
  have ended.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emodist.errors import ConfigError
from emodist.learning.calibration import calibration_error
from emodist.learning.folds import OVERLAP, Column
from emodist.learning.judged import (
    MIN_SPEAKERS,
    SAYS_NOTHING,
    checked,
    plain,
    too_few,
)
from emodist.learning.metrics import (
    Counts,
    accuracy,
    auc_pairs,
    aucs,
    confusion,
    counts,
    f1,
    in_folds,
    interval_of,
    mean_defined,
    precision,
    recall,
    resamples_of,
    uar,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of one model under one protocol.

    `intervals` has (low, high) of `uar`, `weighted_accuracy`, `macro_f1` and `roc_auc`;
    `confusion` has truth in rows; `per_class` and `per_fold` are by name; NaN is "not defined";
    `notes` say what a reader must know beside the numbers.
    """

    protocol: str
    speakers_overlap: bool
    n_rows: int
    n_speakers: int
    classes: tuple[str, ...]
    uar: float
    weighted_accuracy: float
    macro_f1: float
    roc_auc: float
    ece: float
    intervals: dict[str, tuple[float, float]]
    per_class: dict[str, dict[str, float]]
    per_fold: dict[str, dict[str, float]]
    confusion: np.ndarray
    verdict: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and words for JSON; None is "not defined"."""
        return {**plain(dataclasses.asdict(self)), "chance": 1 / max(_n_present(self), 1)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Evaluation":
        """What `to_dict` was called of."""
        names = {field.name for field in dataclasses.fields(cls)}
        values = {name: _defined(value) for name, value in record.items() if name in names}
        values["confusion"] = np.array(record["confusion"])
        values["intervals"] = {k: tuple(pair) for k, pair in values["intervals"].items()}
        for name in ("classes", "notes"):
            values[name] = tuple(record.get(name, ()))
        return cls(**values)


def evaluate(
    y_true: Column,
    probabilities: np.ndarray,
    classes: Sequence[str],
    speakers: Column,
    folds: Column,
    protocol: str,
    *,
    speakers_overlap: bool | None = None,
    notes: Sequence[str] = (),
    n_resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> Evaluation:
    """Metrics of out-of-fold predictions.

    Parameters
    ----------
    y_true : shape (n_rows,)
        Class names, or their places in `classes`.
    probabilities : shape (n_rows, n_classes)
        Rows add up to 1; the highest is the prediction, the first of equals.
    speakers, folds : shape (n_rows,)
        Who speaks, and in which fold the row was tested.
    protocol : str
        As the report shall name it; "speakers overlap" is added where it is so.
    speakers_overlap : bool, optional
        Default: true if the protocol says so or one speaker was tested in several folds. Say it
        where there is one fold only, since its training side is not seen here.
    notes : sentences
        Doubts about rows or predictions, kept beside the numbers.
    n_resamples : int
        Of the speakers, for the intervals.

    Raises
    ------
    ConfigError
        If shapes do not fit, a label is unknown, or probabilities are none.
    """
    y, scores, who, people = checked(y_true, probabilities, classes, speakers, protocol)
    if len(folds) != len(y):
        raise ConfigError(f"evaluate needs a fold for each of {len(y)} rows; got {len(folds)}")
    predicted = scores.argmax(axis=1)
    n_classes = len(classes)
    each = counts(y, predicted, who, len(people), n_classes)
    once = np.ones((1, len(people)))
    resamples = resamples_of(len(people), n_resamples, rng)
    names, fold = np.unique(np.asarray(folds).astype(str), return_inverse=True)
    # They are pairs of speakers: one class at a time, or many classes would fill the memory.
    both, ranked = np.vstack([once, resamples]), in_folds(who, fold)
    pairs = (
        auc_pairs(y == index, scores[:, index], ranked, len(people)) for index in range(n_classes)
    )
    areas = aucs(pairs, both)
    drawn = each.drawn(both)
    metrics = {
        "uar": uar(drawn),
        "weighted_accuracy": accuracy(drawn),
        "macro_f1": mean_defined(f1(drawn)),
        "roc_auc": mean_defined(areas),
    }
    values = {name: float(of_each[0]) for name, of_each in metrics.items()}
    intervals = {name: interval_of(of_each[1:], len(people)) for name, of_each in metrics.items()}
    if speakers_overlap is None:
        tested = len(np.unique(np.column_stack([who, fold]), axis=0))
        speakers_overlap = tested > len(people)
    speakers_overlap = speakers_overlap or OVERLAP in protocol
    if speakers_overlap and OVERLAP not in protocol:
        protocol += f", {OVERLAP}"
    return Evaluation(
        protocol=protocol,
        speakers_overlap=speakers_overlap,
        n_rows=len(y),
        n_speakers=len(people),
        classes=tuple(map(str, classes)),
        **values,
        ece=calibration_error(y, scores),
        intervals=intervals,
        per_class=_per_class(classes, each.drawn(once), areas[0]),
        per_fold={
            name: {
                "uar": float(uar(counts(y[rows], predicted[rows], None, 1, n_classes))[0]),
                "n_rows": int(rows.sum()),
                "n_speakers": len(np.unique(who[rows])),
            }
            for name, rows in ((name, fold == index) for index, name in enumerate(names.tolist()))
        },
        confusion=confusion(y, predicted, n_classes),
        verdict=_verdict(
            values["uar"], intervals["uar"], len(people), len(np.unique(y)), speakers_overlap
        ),
        notes=tuple(notes),
    )


def _per_class(
    classes: Sequence[str], pooled: Counts, areas: np.ndarray
) -> dict[str, dict[str, float]]:
    columns = {
        "precision": precision(pooled)[0],
        "recall": recall(pooled)[0],
        "f1": f1(pooled)[0],
        "roc_auc": areas,
    }
    return {
        str(name): {
            **{metric: float(values[index]) for metric, values in columns.items()},
            "support": int(pooled.support[0, index]),
        }
        for index, name in enumerate(classes)
    }


def _verdict(
    uar: float, interval: tuple[float, float], n_speakers: int, n_classes: int, overlap: bool
) -> str:
    if overlap:
        return SAYS_NOTHING
    if n_speakers < MIN_SPEAKERS:
        return too_few(n_speakers)
    chance = 1 / n_classes
    shown = f"UAR {uar:.3f} [{interval[0]:.3f}, {interval[1]:.3f}], {n_speakers} speakers"
    if interval[0] > chance:
        return f"better than chance ({chance:.3f}) on unseen speakers: {shown}"
    return f"not shown to be better than chance ({chance:.3f}): {shown}"


def _defined(value: Any) -> Any:
    """NaN where JSON has null."""
    if isinstance(value, dict):
        return {key: _defined(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_defined(part) for part in value]
    return float("nan") if value is None else value


def _n_present(result: Evaluation) -> int:
    return int((result.confusion.sum(axis=1) > 0).sum())
