"""What a sweep tried: the score of each configuration, and what the best one is really worth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from emodist.plots.theme import CLUSTERS, GREY, INK, MARKERS, WIDTH, new_figure, short, themed


@themed
def sweep(
    numbers: np.ndarray,
    scores: np.ndarray,
    groups: Sequence[str],
    score_name: str,
    nested: tuple[float, float, float] | None = None,
) -> Figure:
    """Scores over trials, the best so far, and the nested score with its interval.

    Parameters
    ----------
    numbers, scores : shape (n_trials,)
        A score of nan (failed, pruned, no score) is a grey mark at the bottom.
    groups : shape (n_trials,)
        Which classifier or clusterer; each has its colour and marker.
    nested : score, low, high; optional
    """
    figure = new_figure(WIDTH, 3.8)
    axes = figure.subplots()
    known = np.isfinite(scores)
    if known.any():
        so_far = np.maximum.accumulate(np.where(known, scores, -np.inf))
        axes.step(
            numbers[np.isfinite(so_far)],
            so_far[np.isfinite(so_far)],
            where="post",
            color="0.35",
            linewidth=1,
            label="best so far (optimistic)",
        )
    names = list(dict.fromkeys(groups))
    for place, name in enumerate(names):
        own = known & np.array([group == name for group in groups])
        axes.plot(
            numbers[own],
            scores[own],
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            color=CLUSTERS[place % len(CLUSTERS)],
            markersize=5,
            label=short(name),
        )
    if nested is not None:
        axes.axhline(nested[0], color=INK, linestyle="--", label="nested (unbiased)")
        axes.axhspan(*nested[1:], color=INK, alpha=0.12, linewidth=0, label="its 95% interval")
    if not known.all():
        axes.plot(
            numbers[~known],
            np.zeros((~known).sum()),
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            linestyle="none",
            marker="x",
            color=GREY,
            label="without a score",
        )
    axes.set(xlabel="trial", ylabel=short(score_name))
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside right center")
    return figure
