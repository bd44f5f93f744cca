"""What an evaluation came to: metrics, out-of-fold predictions, a paired test; told and drawn."""

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from emodist.errors import ConfigError
from emodist.learning.classifier import Prediction
from emodist.learning.comparison import Comparison
from emodist.learning.evaluation import Evaluation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Epochs by network and fold.
History: TypeAlias = dict[str, dict[str, list[dict[str, float]]]]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Judgement:
    """An evaluation of a model with `settings`, and a paired test where another model was given.

    `blended` names the models whose probabilities were averaged with the first one's; `history`
    has, of each network and fold, the epochs that it learned. `notes` are of the bundle that was
    trained on all rows, beside those of the evaluation. `prediction` is out of fold, and `truth`
    the place of each of its rows' label in the classes; `rows` is the same as a table. `out` is
    where all of it was saved.
    """

    evaluation: Evaluation
    settings: dict[str, Any]
    comparison: Comparison | None = None
    against: str | None = None
    blended: tuple[str, ...] = ()
    history: History = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None
    truth: np.ndarray | None = None
    rows: pa.Table | None = None
    out: str | None = None

    @property
    def model(self) -> str:
        """Its name, or several with a plus between."""
        return " + ".join([self.settings["model"], *self.blended])

    @property
    def protocol(self) -> str:
        return self.evaluation.protocol

    @property
    def uar(self) -> float:
        """Unweighted average recall; chance is 1 / number of classes."""
        return self.evaluation.uar

    @property
    def interval(self) -> tuple[float, float]:
        """Of the UAR, 95%, from resampled speakers."""
        return self.evaluation.intervals["uar"]

    @property
    def confusion(self) -> np.ndarray:
        """Counts, shape (n_classes, n_classes); truth in rows."""
        return self.evaluation.confusion

    @property
    def classes(self) -> tuple[str, ...]:
        return self.evaluation.classes

    def to_dict(self) -> dict[str, Any]:
        record = self.evaluation.to_dict()
        record["notes"] += [note for note in self.notes if note not in record["notes"]]
        if self.blended:
            record["blended"] = list(self.blended)
        if self.history:
            record["history"] = self.history
        if self.comparison is not None:
            record["comparison"] = {"against": self.against, **self.comparison.to_dict()}
        return record

    def to_arrow(self) -> pa.Table:
        """Out-of-fold predictions: keys, `label`, `fold`, `p_CLASS`, `predicted`, `confidence`."""
        if self.rows is None:
            raise ConfigError("a bundle does not keep its out-of-fold predictions; evaluate does")
        return self.rows

    def to_pandas(self) -> "pd.DataFrame":
        """As `to_arrow`."""
        return self.to_arrow().to_pandas()

    def figures(self) -> dict[str, "Figure"]:
        """`confusion`, and with out-of-fold predictions `roc` and `reliability`."""
        from emodist.models import pictures

        return pictures.figures(self.model, self.evaluation, self.truth, self.prediction)

    def plot(self, what: Literal["confusion", "roc", "reliability"] = "confusion") -> "Figure":
        """One of the figures."""
        return self.figures()[what]

    def __str__(self) -> str:
        return text(self)

    @property
    def line(self) -> str:
        """Model, UAR and protocol."""
        uar = f"UAR {self.uar:.3f} ({_interval(self.evaluation)})"
        return f"{self.model}, {uar}, {self.evaluation.protocol}"

    def __repr__(self) -> str:
        return f"Judgement: {self.line}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        from emodist import plots

        return plots.cell(self.plot())


def text(judgement: Judgement) -> str:
    """The numbers in a few lines, the protocol first."""
    evaluation, classes = judgement.evaluation, judgement.classes
    lines = [
        f"{judgement.model}, {evaluation.protocol}",
        f"UAR {evaluation.uar:.3f} ({_interval(evaluation)})   weighted accuracy "
        f"{evaluation.weighted_accuracy:.3f}   macro-F1 {evaluation.macro_f1:.3f}   ROC AUC "
        f"{evaluation.roc_auc:.3f}   ECE {evaluation.ece:.3f}",
        f"{evaluation.n_rows} rows, {evaluation.n_speakers} speakers, {len(classes)} classes "
        f"(chance {1 / len(classes):.3f}). {evaluation.verdict}",
        "",
        f"{'class':12} {'precision':>9} {'recall':>9} {'F1':>9} {'rows':>6}   taken for",
    ]
    for index, name in enumerate(classes):
        row = evaluation.per_class[name]
        wrong = [(n, classes[i]) for i, n in enumerate(evaluation.confusion[index]) if i != index]
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
            f"{c.interval[0]:+.3f} to {c.interval[1]:+.3f}): {c.verdict}",
        ]
    if notes := dict.fromkeys([*evaluation.notes, *judgement.notes]):
        lines += ["", *(f"note: {note}" for note in notes)]
    return "\n".join(lines)


def _interval(evaluation: Evaluation) -> str:
    low, high = evaluation.intervals["uar"]
    return f"95% {low:.3f} to {high:.3f}" if np.isfinite(low) else "no interval of one speaker"
