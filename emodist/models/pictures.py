"""Figures of a judgement: what is taken for what, ROC curves, how far to believe probabilities."""

from matplotlib.figure import Figure

from emodist import plots, storage
from emodist.learning import curves
from emodist.models.judgement import Judgement


def figures(judgement: Judgement) -> dict[str, Figure]:
    """Figures by name: `confusion`, and with out-of-fold predictions `roc` and `reliability`."""
    found, prediction = judgement.evaluation, judgement.prediction
    title = f"{judgement.model}, UAR {found.uar:.3f}\n{found.protocol}"
    made = {"confusion": plots.confusion(found.confusion, found.classes, title)}
    if prediction is None:
        return made
    truth = judgement.truth
    assert truth is not None
    lines = {}
    for index, name in enumerate(found.classes):
        x, y = curves.roc(truth == index, prediction.probabilities[:, index], prediction.fold)
        if len(x):
            lines[name] = (x, y, found.per_class[name]["roc_auc"])
    if lines:
        made["roc"] = plots.roc(lines, plots.looks(found.classes), title)
    bins = curves.reliability(truth, prediction.probabilities)
    made["reliability"] = plots.reliability(*bins, found.ece, title)
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
