"""Figures. Arrays in, a matplotlib `Figure` out; `png` turns one into a file's bytes."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from sklearn.decomposition import PCA


def png(figure: Figure) -> bytes:
    """The figure as a PNG at 150 dots per inch."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150)
    return data.getvalue()


def scores_by_k(scores: Sequence[Mapping[str, float]], chosen: int) -> Figure:
    """Silhouette and stability of each number of clusters.

    Parameters
    ----------
    scores : rows with `k`, `silhouette` and `stability`
    chosen : int
        The k that was taken; a dashed line.
    """
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    ks = [row["k"] for row in scores]
    for name, marker in (("silhouette", "o"), ("stability", "s")):
        label = name if name == "silhouette" else "stability (bootstrap ARI)"
        axes.plot(ks, [row[name] for row in scores], marker=marker, label=label)
    axes.axvline(chosen, color="0.6", linestyle="--", label=f"chosen: {chosen}")
    axes.set(xlabel="number of clusters k", ylabel="score", xticks=sorted(set(ks)))
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
    return figure


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
    figure = Figure(figsize=(6.5, 5), layout="constrained")
    axes = figure.subplots()
    shown = sorted(set(clusters.tolist()))
    # The pale half of tab20 is hard to see.
    colors = colormaps["tab10" if len(shown) <= 10 else "tab20"]
    for label in shown:
        own = clusters[rows] == label
        name = "noise" if label < 0 else f"{label} ({(clusters == label).sum()})"
        color = "0.75" if label < 0 else colors(label % colors.N)
        axes.scatter(at[own, 0], at[own, 1], s=9, alpha=0.7, color=color, label=name, linewidths=0)
    shares = [*plane.explained_variance_ratio_, 0.0]
    axes.set(
        xlabel=f"component 1 ({shares[0]:.0%} of the clustered space)",
        ylabel=f"component 2 ({shares[1]:.0%})",
    )
    if len(shown) <= 20:
        axes.legend(
            title="cluster (rows)",
            frameon=False,
            markerscale=2,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )
    return figure
