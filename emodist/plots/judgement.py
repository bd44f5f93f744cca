"""How good a classifier is: confusions, ROC, calibration, importance, models side by side."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emodist.plots.theme import GREY, INK, MOST_COLORS, WIDTH, Look, new_figure, short, themed

# Above so many classes, shares no longer fit beside the counts; above the other, no number does.
MOST_SHARES = 12
MOST_COUNTS = 30


@themed
def confusion(matrix: np.ndarray, classes: Sequence[str], title: str) -> Figure:
    """Truth in rows; the colour is the share of the row, the number the count of rows.

    Parameters
    ----------
    matrix : int array, shape (n_classes, n_classes)
    title : str
        Names the model and the protocol.
    """
    n = len(classes)
    sums = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, sums, out=np.zeros(matrix.shape), where=sums > 0)
    cell = 0.62 if n <= MOST_SHARES else 0.34 if n <= MOST_COUNTS else 0.15
    size = max(3.6, cell * n)
    figure = new_figure(size + 1.9, size + 1.3)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal", rasterized=n > 40)
    font = 9 if n <= MOST_COUNTS else 6.5
    names = [short(name, 14) for name in classes]
    axes.set_xticks(range(n), names, rotation=45 if n <= MOST_COUNTS else 90, fontsize=font)
    if n <= MOST_COUNTS:
        for tick in axes.get_xticklabels():
            tick.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names, fontsize=font)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="taken for", ylabel="truth")
    if n <= MOST_COUNTS:
        for row, column in np.ndindex(n, n):
            text = f"{matrix[row, column]:,}"
            if n <= MOST_SHARES:
                text += f"\n{share[row, column]:.0%}"
            axes.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=8 if n <= MOST_SHARES else 7,
                color="white" if share[row, column] > 0.55 else "0.15",
                alpha=1.0 if matrix[row, column] else 0.35,
            )
    bar = figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8, aspect=30)
    bar.outline.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


@themed
def roc(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, float]],
    looks: Mapping[str, Look],
    title: str,
) -> Figure:
    """ROC curves, each class against the rest; above a dozen classes only the ends are named.

    Parameters
    ----------
    curves : class to false positive rate, true positive rate, and area under the curve
    """
    figure = new_figure(WIDTH, 4.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    order = sorted(curves, key=lambda name: -curves[name][2])
    named = order if len(order) <= MOST_COLORS else [*order[:6], *order[-6:]]
    for name in order:
        if name not in named:
            axes.plot(*curves[name][:2], color=GREY, linewidth=0.7)
    for name in named:
        x, y, area = curves[name]
        look = looks[name]
        axes.plot(
            x,
            y,
            color=look.color,
            marker=look.marker,
            markevery=0.19,
            markersize=4.5,
            linewidth=1.5,
            label=f"{area:.3f}  {short(name)}",
        )
    axes.set(
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        xlabel="false positive rate",
        ylabel="true positive rate (recall)",
    )
    axes.set_aspect("equal")
    heading = "AUC, one-vs-rest"
    if len(named) < len(order):
        heading += f"\n(best and worst 6 of {len(order)};\nthe others are grey)"
    figure.legend(loc="outside right upper", title=heading, alignment="left")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


@themed
def reliability(
    confidence: np.ndarray, accuracy: np.ndarray, counts: np.ndarray, ece: float, title: str
) -> Figure:
    """Share of right rows against the confidence of the prediction, bin by bin.

    Parameters
    ----------
    confidence, accuracy : float arrays, shape (n_bins,)
        Means over the rows of a bin.
    counts : int array, shape (n_bins,)
        Rows of a bin.
    ece : float
        Expected calibration error.
    """
    figure = new_figure(5.2, 4.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="calibrated")
    axes.vlines(confidence, confidence, accuracy, color="#d74f11", linewidth=2, alpha=0.6)
    axes.plot(confidence, accuracy, "o", color=INK, markersize=5, label="rows of a bin")
    low, high = int(counts.min()), int(counts.max())
    each = f"{low}" if low == high else f"{low} to {high}"
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="confidence (highest probability)",
        ylabel="share that is right",
    )
    axes.set_aspect("equal")
    axes.grid(alpha=0.25)
    axes.legend(
        loc="upper left",
        title=f"ECE {ece:.3f}\n{len(counts)} bins of {each} rows",
        alignment="left",
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


@themed
def importance(
    names: Sequence[str],
    values: np.ndarray,
    intervals: np.ndarray | None,
    xlabel: str,
    title: str = "",
) -> Figure:
    """Bars in the order given, with intervals.

    Parameters
    ----------
    values : float array, shape (n_names,)
    intervals : float array, shape (n_names, 2), optional
        Low and high ends.
    """
    figure = new_figure(WIDTH, 0.27 * len(names) + 0.9 + 0.25 * bool(title))
    axes = figure.subplots()
    places = np.arange(len(names))
    errors = None
    if intervals is not None:
        errors = np.abs(intervals.T - values)
    axes.barh(
        places,
        values,
        xerr=errors,
        color="#7fb0f5",
        height=0.66,
        error_kw={"ecolor": "0.2", "elinewidth": 1.2, "capsize": 2.5},
    )
    axes.axvline(0, color="0.35", linewidth=0.8)
    axes.set_yticks(places, [short(name, 34) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=xlabel)
    axes.grid(axis="x", alpha=0.3)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


@themed
def models(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """UAR of evaluations with intervals over speakers; a small line marks chance.

    Parameters
    ----------
    rows : mappings with `name`, `protocol`, `uar`, `interval`, `chance` and `speakers_overlap`
        What says nothing about new people is hollow and grey.
    """
    figure = new_figure(WIDTH, 0.62 * len(rows) + 1.0)
    axes = figure.subplots()
    for place, row in enumerate(rows):
        overlap = row["speakers_overlap"]
        color = "0.55" if overlap else INK
        low, high = row["interval"]
        axes.plot([low, high], [place, place], color=color, linewidth=2.2, solid_capstyle="butt")
        axes.plot(
            row["uar"],
            place,
            "o",
            color=color,
            markerfacecolor="white" if overlap else color,
            markersize=7,
            markeredgewidth=1.6,
        )
        axes.annotate(
            f"{row['uar']:.3f}",
            (row["uar"], place),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
        )
        chance = row["chance"]
        axes.plot([chance, chance], [place - 0.28, place + 0.28], color="0.4", linestyle=":")
    axes.set_yticks(
        range(len(rows)),
        ["\n".join([short(row["name"], 44), *textwrap.wrap(row["protocol"], 44)]) for row in rows],
    )
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set(fontsize=8, color="0.45" if row["speakers_overlap"] else "black")
    axes.tick_params(axis="y", length=0)
    axes.set(
        xlim=(0, 1),
        ylim=(len(rows) - 0.4, -0.7),
        xlabel="UAR, 95% interval over speakers (dotted: chance)",
    )
    axes.grid(axis="x", alpha=0.3)
    return figure
