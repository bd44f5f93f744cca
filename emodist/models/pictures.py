"""Figures of a judgement: what is taken for what, ROC curves, how far to believe probabilities."""

from matplotlib.figure import Figure

from emodist import plots, storage
from emodist.learning import curves
from emodist.models.judgement import Judgement


def figures(judgement: Judgement) -> dict[str, Figure]:
    """Figures by name: `confusion`, and with out-of-fold predictions `roc` and `reliability`."""
    evaluation, prediction = judgement.evaluation, judgement.prediction
    title = f"{judgement.model}, UAR {evaluation.uar:.3f}\n{evaluation.protocol}"
    made = {"confusion": plots.confusion(evaluation.confusion, evaluation.classes, title)}
    if prediction is None:
        return made
    truth = judgement.truth
    assert truth is not None
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


def write(uri: str, judgement: Judgement) -> list[str]:
    """The figures as PNG in a folder, local or `s3://`; the files' names.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    names = []
    for name, figure in figures(judgement).items():
        names.append(f"{name}.png")
        storage.write(storage.join(uri, names[-1]), plots.png(figure))
    return names
