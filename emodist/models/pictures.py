"""Figures of a judgement: what is taken for what, ROC curves, how far to believe probabilities."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from emodist import plots, storage
from emodist.learning import curves
from emodist.learning.classifier import Prediction
from emodist.learning.evaluation import Evaluation


def figures(
    model: str, evaluation: Evaluation, truth: np.ndarray | None, prediction: Prediction | None
) -> dict[str, Figure]:
    """Figures by name: `confusion`, and with out-of-fold predictions `roc` and `reliability`.

    `truth` are the classes of the rows of `prediction`, as numbers, shape (n_rows,).
    """
    title = f"{model}, UAR {evaluation.uar:.3f}\n{evaluation.protocol}"
    made = {"confusion": plots.confusion(evaluation.confusion, evaluation.classes, title)}
    if prediction is None or truth is None:
        return made
    lines = {}
    for index, name in enumerate(evaluation.classes):
        x, y = curves.roc(truth == index, prediction.probabilities[:, index], prediction.fold)
        if len(x):
            lines[name] = (x, y, evaluation.per_class[name]["roc_auc"])
    if lines:
        made["roc"] = plots.roc(lines, plots.looks(evaluation.classes), title)
    bins = curves.reliability(truth, prediction.probabilities)
    made["reliability"] = plots.reliability(*bins, evaluation.ece, title)
    return made


def write(uri: str, figures: Mapping[str, Figure]) -> None:
    """Save figures as NAME.png in a folder, local or `s3://`.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    for name, figure in figures.items():
        storage.write(storage.join(uri, f"{name}.png"), plots.png(figure))
