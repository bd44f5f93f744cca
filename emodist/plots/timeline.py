"""A recording in time: how probable each label is, and which one holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from emodist.plots.theme import GREY, WIDTH, looks, new_figure, short, themed

NOTHING = "#ececec"


@themed
def timeline(
    start_s: np.ndarray,
    end_s: np.ndarray,
    probabilities: np.ndarray,
    spans: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    title: str,
) -> Figure:
    """Probabilities as a stack over minutes, and a ribbon with the label of each span.

    Parameters
    ----------
    start_s, end_s : shape (n_steps,), seconds
    probabilities : shape (n_steps, n_classes)
        nan where nothing is known; the stack is white there.
    spans : with `start_s`, `end_s`, `label` and `abstained`
        A span that abstains is grey.
    """
    colors = {name: look.color for name, look in looks(classes).items()}
    figure = new_figure(WIDTH, 2.9)
    stack, ribbon = figure.subplots(2, 1, sharex=True, height_ratios=[6, 1])
    minutes = np.column_stack([start_s, end_s]).ravel() / 60
    heights = np.repeat(probabilities, 2, axis=0)
    top = np.cumsum(heights, axis=1)
    # A gap between two steps is not bridged.
    apart = np.flatnonzero(start_s[1:] > end_s[:-1]) * 2 + 2
    minutes = np.insert(minutes, apart, minutes[apart])
    top = np.insert(top, apart, np.nan, axis=0)
    base = np.zeros(len(top))
    for index, name in enumerate(classes):
        stack.fill_between(minutes, base, top[:, index], color=colors[name], linewidth=0)
        base = top[:, index]
    for span in spans:
        color = NOTHING if span["abstained"] else colors[span["label"]]
        left, right = span["start_s"] / 60, span["end_s"] / 60
        ribbon.axvspan(left, right, color=color, linewidth=0)
    stack.set(ylim=(0, 1), ylabel="probability", title=short(title, 80))
    ribbon.set(yticks=[], xlabel="minutes", xlim=(minutes.min(), minutes.max()), ylabel="label")
    entries = [Patch(color=colors[name], label=short(name)) for name in classes]
    entries.append(Patch(facecolor=NOTHING, edgecolor=GREY, label="abstained"))
    figure.legend(handles=entries, loc="outside right center")
    return figure
