"""How much there is of what: rows per label and per speaker."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emodist.plots.theme import GREY, WIDTH, Look, new_figure, short, themed

UNKNOWN = "(none)"
MOST_NAMED_SPEAKERS = 40


@themed
def label_counts(
    counts: Mapping[str, Mapping[str | None, int]], looks: Mapping[str, Look]
) -> Figure:
    """Rows per label, one panel for each corpus; the number stands at each bar.

    Parameters
    ----------
    counts : corpus to label to number of rows
        The label None is shown as (none).
    """
    sizes = [len(of) for of in counts.values()]
    figure = new_figure(WIDTH, sum(0.24 * size + 0.75 for size in sizes))
    panels = figure.subplots(len(sizes), 1, squeeze=False, height_ratios=[s + 1.5 for s in sizes])
    for axes, (corpus, of) in zip(panels[:, 0], counts.items(), strict=True):
        names = sorted(of, key=lambda label: (label is None, label or ""))
        values = [of[name] for name in names]
        colors = [GREY if name is None else looks[name].color for name in names]
        bars = axes.barh(range(len(names)), values, color=colors, height=0.72)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3)
        axes.set_yticks(range(len(names)), [UNKNOWN if n is None else short(n) for n in names])
        axes.tick_params(axis="y", length=0)
        axes.set(ylim=(len(names) - 0.4, -0.6), title=short(corpus, 60), xlabel="rows")
        axes.margins(x=0.1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@themed
def speaker_counts(
    speakers: Sequence[str],
    labels: Sequence[str | None],
    counts: np.ndarray,
    looks: Mapping[str, Look],
) -> Figure:
    """Rows per speaker, each bar divided by label; above 40 speakers without their names.

    Parameters
    ----------
    counts : int array, shape (n_speakers, n_labels)
    """
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    is_named = len(speakers) <= MOST_NAMED_SPEAKERS
    if is_named:
        order = np.arange(len(speakers))
    figure = new_figure(WIDTH, max(2.2, 0.19 * len(speakers) + 0.9) if is_named else 3.2)
    axes = figure.subplots()
    places = np.arange(len(speakers))
    start = np.zeros(len(speakers))
    # Above a dozen, colours repeat, and a legend would be larger than the figure.
    is_divided = len(labels) <= 12
    parts = counts if is_divided else counts.sum(axis=1, keepdims=True)
    for column in range(parts.shape[1]):
        label = labels[column] if is_divided else None
        values = parts[order, column]
        color = GREY if label is None else looks[label].color
        name = UNKNOWN if label is None else short(label)
        if is_named:
            axes.barh(places, values, left=start, color=color, label=name, height=0.76)
        else:
            axes.bar(places, values, bottom=start, color=color, label=name, width=1.0)
        start += values
    if is_named:
        axes.set_yticks(places, [short(speakers[row]) for row in order])
        axes.tick_params(axis="y", length=0)
        axes.set(ylim=(len(speakers) - 0.4, -0.6), xlabel="rows", ylabel="speaker")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set(
            xlim=(-0.5, len(speakers) - 0.5),
            xlabel=f"{len(speakers)} speakers, the one with most rows first",
            ylabel="rows",
        )
    if is_divided and len(labels) > 1:
        figure.legend(loc="outside upper left", ncols=min(5, len(labels)), handlelength=1)
    return figure
