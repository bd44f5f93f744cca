"""Evaluations, compared and one after the other."""

import numpy as np

from emodist import plots
from emodist.learning import curves
from emodist.reporting import _models
from emodist.reporting._material import Material, Say
from emodist.reporting._models import Result
from emodist.reporting._page import Page


def add(page: Page, material: Material, say: Say) -> None:
    """Evaluations, one after the other."""
    page.section("evaluation", "Classification")
    if not material.evaluations:
        if len(material.census.classes) < 2:
            page.paragraph("Two labels or more are needed to train or judge a classifier.")
            return
        page.paragraph("No evaluation was given, and none is run here. This makes one:")
        page.command(
            f"emodist evaluate {material.table} --out evaluation/",
            f"emodist report {material.table} --evaluation evaluation/ --out report/",
        )
        return
    n_overlap = sum(r.about["speakers_overlap"] for r in material.evaluations)
    if n_overlap:
        page.note(
            f"{n_overlap} of {len(material.evaluations)} results: speakers overlap. The same "
            "voices were in training; such a number says nothing about new people."
        )
    page.table(
        ["model", "protocol", "UAR", "95%", "accuracy", "macro-F1", "ROC AUC", "ECE", "chance"],
        [
            [
                result.name,
                result.about["protocol"],
                result.about["uar"],
                result.interval,
                result.about["weighted_accuracy"],
                result.about["macro_f1"],
                result.about["roc_auc"],
                result.about["ece"],
                result.about["chance"],
            ]
            for result in material.evaluations
        ],
        "UAR: mean recall of the classes. Intervals resample speakers. ECE: expected calibration "
        "error.",
    )
    if len(material.evaluations) > 1:
        _compared(page, material)
    for number, result in enumerate(material.evaluations, 1):
        _one(page, material, result, number)


def _compared(page: Page, material: Material) -> None:
    page.figure(
        "models",
        plots.models(
            [
                {
                    "name": result.name,
                    "protocol": result.about["protocol"],
                    "uar": result.about["uar"],
                    "interval": _bounds(result),
                    "chance": result.about["chance"],
                    "speakers_overlap": result.about["speakers_overlap"],
                }
                for result in material.evaluations
            ]
        ),
        "UAR of each model under its protocol, with 95% intervals over speakers. "
        "Hollow and grey: speakers overlap, not comparable with the others.",
    )
    tests = _models.differences(material.evaluations)
    if tests:
        page.table(
            ["best", "against", "UAR difference", "95%", "p", "speakers"],
            [
                [
                    row["a"],
                    row["b"],
                    f"{row['difference']:+.3f}",
                    "{:+.3f} to {:+.3f}".format(*row["interval"]),
                    row["p_value"],
                    row["n_speakers"],
                ]
                for row in tests
            ],
            "Paired on the same rows: bootstrap and sign-flip test over speakers. The best was "
            "picked by these very numbers, and p is not corrected for several comparisons. "
            f"Protocol: {tests[0]['protocol']}.",
        )


def _one(page: Page, material: Material, result: Result, number: int) -> None:
    about = result.about
    classes = list(about["classes"])
    looks = {**plots.looks(classes), **material.looks}
    title = f"{result.name}\n{about['protocol']}"
    basis = (
        f"{result.name}; {about['protocol']}; {about['n_rows']:,} rows, "
        f"{about['n_speakers']} speakers"
    )
    page.paragraph(f"{basis}. {about['verdict']}.")
    page.figure(
        f"confusion_{number}",
        plots.confusion(np.array(about["confusion"]), classes, title),
        f"Confusion matrix: rows are the truth; colour is the share of the row, the number the "
        f"count of rows. {basis}.",
    )
    page.table(
        ["class", "precision", "recall", "F1", "ROC AUC", "rows"],
        [
            [
                name,
                about["per_class"][name]["precision"],
                about["per_class"][name]["recall"],
                about["per_class"][name]["f1"],
                about["per_class"][name].get("roc_auc"),
                int(about["per_class"][name]["support"]),
            ]
            for name in classes
        ],
        f"{basis}.",
    )
    for network, histories in about.get("history", {}).items():
        page.figure(
            f"learning_{number}_{network}",
            plots.learning(histories, f"{network}\n{about['protocol']}"),
            f"How {network} learned in each fold. Development speakers are taken from the training "
            f"side and say when to stop, so their UAR is somewhat too good. {basis}.",
        )
    against = about.get("comparison")
    if against:
        page.paragraph(
            f"Against {against['against']}: UAR difference {against['difference']:+.3f} (95% "
            f"{against['interval'][0]:+.3f} to {against['interval'][1]:+.3f}, over speakers), "
            f"{against['verdict']}."
        )
    if result.rows is None:
        page.note("Its folder has no predictions.parquet: no ROC curves, no reliability diagram.")
        return
    lines = _models.roc(result)
    if lines:
        page.figure(
            f"roc_{number}",
            plots.roc(lines, looks, title),
            "ROC curves, each class against the rest; the mean over folds, "
            f"weighted by pairs of rows; macro AUC {_three(about['roc_auc'])}. {basis}.",
        )
    confidence, right, counts = curves.reliability(result.truth(), result.probabilities())
    page.figure(
        f"reliability_{number}",
        plots.reliability(confidence, right, counts, about["ece"], title),
        f"Reliability: below the diagonal, the classifier is too sure of itself. Expected "
        f"calibration error {_three(about['ece'])}, bins of equal numbers of rows. {basis}.",
    )


def _bounds(result: Result) -> tuple[float, float]:
    """Of UAR; the number itself where too few speakers give an interval."""
    low, high = result.about["intervals"]["uar"]
    uar = result.about["uar"]
    return (uar if low is None else low, uar if high is None else high)


def _three(number: float | None) -> str:
    return "not defined" if number is None else f"{number:.3f}"
