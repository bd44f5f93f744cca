"""What clusters look like: scores of each k, silhouettes, a plane, a tree."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.cluster import hierarchy
from sklearn.decomposition import PCA

from emodist.plots.theme import (
    CLUSTERS,
    GREY,
    WIDTH,
    Look,
    cluster_color,
    new_figure,
    short,
    themed,
)


@themed
def scores_by_k(scores: Sequence[Mapping[str, float]], chosen: int) -> Figure:
    """Silhouette and stability of each number of clusters.

    Parameters
    ----------
    scores : rows with `k`, `silhouette` and `stability`; nan or None where not defined
    chosen : int
        The k that was taken; a dashed line.
    """
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    ks = [row["k"] for row in scores]
    for name, marker, color in (
        ("silhouette", "o", CLUSTERS[0]),
        ("stability", "s", CLUSTERS[1]),
    ):
        label = name if name == "silhouette" else "stability (bootstrap ARI)"
        values = np.array([row[name] for row in scores], float)
        axes.plot(ks, values, marker=marker, label=label, color=color)
    axes.axvline(chosen, color="0.6", linestyle="--", label=f"chosen: {chosen}", zorder=0)
    axes.set(xlabel="number of clusters k", ylabel="score", xticks=sorted(set(ks)))
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper left", ncols=3)
    return figure


@themed
def scatter(points: np.ndarray, clusters: np.ndarray, rows: np.ndarray) -> Figure:
    """Clustered points on their first two principal components.

    Parameters
    ----------
    points : array, shape (n_rows, n_dimensions)
    clusters : int array, shape (n_rows,)
        -1 is noise.
    rows : int array
        The rows to draw; the components are those of all rows.
    """
    centred = points - points.mean(axis=0)
    plane = PCA(min(2, centred.shape[1]), svd_solver="full").fit(centred)
    at = plane.transform(centred[rows])
    at = np.hstack([at, np.zeros((len(at), 2 - at.shape[1]))])
    figure = new_figure(6.5, 5)
    axes = figure.subplots()
    shown = sorted(set(clusters.tolist()))
    for label in shown:
        own = clusters[rows] == label
        name = "noise" if label < 0 else f"{label} ({(clusters == label).sum()})"
        axes.scatter(
            at[own, 0],
            at[own, 1],
            s=11,
            alpha=0.75,
            color=cluster_color(label),
            marker=("o", "s", "^", "D", "v")[max(label, 0) // len(CLUSTERS) % 5],
            label=name,
            linewidths=0,
            rasterized=True,
        )
    shares = [*plane.explained_variance_ratio_, 0.0]
    axes.set(
        xlabel=f"component 1 ({shares[0]:.0%} of the clustered space)",
        ylabel=f"component 2 ({shares[1]:.0%})",
    )
    if len(shown) <= 20:
        axes.legend(
            title="cluster (rows)", markerscale=2, loc="center left", bbox_to_anchor=(1.0, 0.5)
        )
    return figure


@themed
def silhouettes(values: np.ndarray, clusters: np.ndarray) -> Figure:
    """The silhouette of each row, sorted within its cluster; a dashed line at the mean.

    Rousseeuw, *J. Comput. Appl. Math.* 20 (1987). Rows left of 0 lie nearer to another cluster.

    Parameters
    ----------
    values : float array, shape (n_rows,), within [-1, 1]
    clusters : int array, shape (n_rows,)
        Without noise.
    """
    names = sorted(set(clusters.tolist()))
    figure = new_figure(WIDTH, float(np.clip(0.5 * len(names) + 1, 2.4, 8)))
    axes = figure.subplots()
    gap = max(1, len(values) // 60)
    start = 0
    middles = []
    for name in names:
        own = np.sort(values[clusters == name])[::-1]
        axes.fill_betweenx(
            np.arange(start, start + len(own)) + 0.5,
            0,
            own,
            step="mid",
            color=cluster_color(name),
            linewidth=0,
        )
        middles.append(start + len(own) / 2)
        start += len(own) + gap
    axes.axvline(float(values.mean()), color="0.3", linestyle="--", linewidth=1)
    axes.axvline(0, color="0.35", linewidth=0.8)
    axes.annotate(
        f"mean {values.mean():.3f}",
        (float(values.mean()), 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, 2),
        textcoords="offset points",
    )
    sizes = [int((clusters == name).sum()) for name in names]
    ticks = [f"{name} ({size:,})" for name, size in zip(names, sizes, strict=True)]
    axes.set_yticks(middles, ticks)
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(start, 0), xlabel="silhouette", ylabel="cluster (rows)")
    axes.grid(axis="x", alpha=0.3)
    return figure


@themed
def dendrogram(
    points: np.ndarray,
    labels: Sequence[str | None],
    looks: Mapping[str, Look],
    n_leaves: int = 24,
) -> Figure:
    """The last joins of a tree of rows (Ward); leaves say how many rows, and the commonest label.

    Parameters
    ----------
    points : array, shape (n_rows, n_dimensions)
    labels : shape (n_rows,)
        None where a row has none.
    n_leaves : int
        The tree is cut so that no more remain.
    """
    tree = hierarchy.linkage(points, "ward")
    n_leaves = min(n_leaves, len(points))
    figure = new_figure(WIDTH, 0.21 * n_leaves + 0.8)
    axes = figure.subplots()
    with_color = hierarchy.dendrogram(
        tree,
        p=n_leaves,
        truncate_mode="lastp",
        orientation="left",
        ax=axes,
        color_threshold=0,
        above_threshold_color="0.35",
    )
    # With the leaves on the right, their words follow the branches.
    members = _members(tree, with_color["leaves"], len(points))
    words, colors = [], []
    for rows in members:
        known = [labels[row] for row in rows if labels[row] is not None]
        word, color = f"{len(rows):,} row{'s' * (len(rows) != 1)}", "0.35"
        if known:
            names, counts = np.unique(np.array(known, object).astype(str), return_counts=True)
            name = str(names[counts.argmax()])
            word += f": {short(name)} {counts.max() / len(known):.0%}"
            color = looks[name].color if name in looks else GREY
        words.append(word)
        colors.append(color)
    axes.set_yticks(axes.get_yticks(), words, fontsize=8)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, pad=12)
    for tick, color in zip(axes.get_yticks(), colors, strict=True):
        axes.plot(
            [1.012],
            [tick],
            "s",
            color=color,
            markersize=6,
            clip_on=False,
            transform=axes.get_yaxis_transform(),
        )
    axes.set_xlabel("distance at which two groups join (Ward)")
    axes.spines["left"].set_visible(False)
    return figure


def _members(tree: np.ndarray, leaves: Sequence[int], n_rows: int) -> list[list[int]]:
    """The rows below each node of a tree."""
    members = []
    for leaf in leaves:
        rows, waiting = [], [int(leaf)]
        while waiting:
            node = waiting.pop()
            if node < n_rows:
                rows.append(node)
            else:
                waiting += [int(child) for child in tree[node - n_rows, :2]]
        members.append(rows)
    return members
