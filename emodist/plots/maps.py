"""Rows on a plane (t-SNE, UMAP), coloured by what is known of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emodist.plots.theme import (
    GREY,
    MARKERS,
    MOST_COLORS,
    WIDTH,
    Look,
    cluster_color,
    new_figure,
    short,
    themed,
)

UNKNOWN = "(none)"


@themed
def maps(
    panels: Mapping[str, np.ndarray],
    groups: Sequence[str | None],
    looks: Mapping[str, Look] | None,
    title: str,
    n_columns: int = 2,
) -> Figure:
    """The same rows on several planes, in the same colours.

    Parameters
    ----------
    panels : title of each plane to its points, shape (n_rows, 2)
        Rows that a plane leaves out are nan.
    groups : shape (n_rows,)
        What colours a row; None is grey.
    looks : of each group; None makes shades in which neighbours of the order differ least
    title : str
        Of the legend. It names the twelve largest groups; the rest is grey, or, without `looks`,
        there is no legend.
    """
    named = [group for group in groups if group is not None]
    sizes = Counter(named)
    shown = sorted(sizes)
    is_listed = looks is not None or len(shown) <= MOST_COLORS
    if looks is not None and len(shown) > MOST_COLORS:
        largest = sorted(shown, key=lambda name: (-sizes[name], name))[:MOST_COLORS]
        shown = sorted(largest)
    looks = looks or _shades(shown)
    n_columns = min(n_columns, len(panels))
    n_rows = -(-len(panels) // n_columns)
    width = WIDTH if n_columns > 1 else 5
    figure = new_figure(width, width / n_columns * 0.92 * n_rows + 0.6)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    of = np.array(groups, object)
    for axes, name in zip(grid.flat, panels, strict=False):
        _draw(axes, panels[name], of, shown, looks)
        axes.set_title(name)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    if is_listed:
        _legend(figure, shown, looks, len(set(sizes) - set(shown)), None in set(groups), title)
    return figure


def cluster_looks(clusters: Sequence[int]) -> dict[str, Look]:
    """Looks of clusters by their number as a word; noise (-1) is grey."""
    return {
        str(n): Look(cluster_color(n), MARKERS[max(n, 0) // 8 % len(MARKERS)])
        for n in sorted(set(clusters))
    }


def _shades(names: Sequence[str]) -> dict[str, Look]:
    # Neither end: white paper hides the one, and black the markers' shape.
    at = np.linspace(0.0, 0.93, max(len(names), 2))
    return {
        name: Look(to_hex(colormaps["viridis"](at[place])), MARKERS[place % 6])
        for place, name in enumerate(names)
    }


def _draw(
    axes: Axes, at: np.ndarray, groups: np.ndarray, shown: Sequence[str], looks: Mapping[str, Look]
) -> None:
    n_rows = int(np.isfinite(at[:, 0]).sum())
    size = float(np.clip(9_000 / max(n_rows, 1), 4, 26))
    rest = np.array([group not in set(shown) for group in groups], bool)
    if rest.any():
        axes.scatter(
            at[rest, 0],
            at[rest, 1],
            s=size,
            color=GREY,
            marker=".",
            linewidths=0,
            rasterized=True,
        )
    for name in shown:
        own = groups == name
        look = looks[name]
        axes.scatter(
            at[own, 0],
            at[own, 1],
            s=size,
            color=look.color,
            marker=look.marker,
            alpha=0.8,
            linewidths=0,
            rasterized=True,
        )
    axes.set(xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_color("0.8")
    # Without an aspect the map of one panel could not be compared with its neighbour's.
    axes.set_aspect("equal", adjustable="datalim")


def _legend(
    figure: Figure,
    shown: Sequence[str],
    looks: Mapping[str, Look],
    n_other: int,
    has_unknown: bool,
    title: str,
) -> None:
    entries = [(short(name), looks[name].color, looks[name].marker) for name in shown]
    if n_other:
        entries.append((f"{n_other} others", GREY, "."))
    if has_unknown:
        entries.append((UNKNOWN, GREY, "."))
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="", label=name, markersize=5)
        for name, color, marker in entries
    ]
    # A letter is some 5.8 points wide; marker and gap take as much as five.
    longest = max(len(word) for word, _, _ in entries)
    n_fitting = int(72 * figure.get_figwidth() / (5.8 * (longest + 5)))
    figure.legend(
        handles=handles,
        title=title,
        alignment="left",
        loc="outside lower left",
        ncols=max(1, min(len(handles), n_fitting)),
        handletextpad=0.2,
        columnspacing=1.2,
    )
