import numpy as np
from matplotlib.colors import to_rgba

from emodist import plots


def test_scores_of_each_k_are_drawn_and_the_chosen_one_marked():
    scores = [{"k": k, "silhouette": 0.1 * k, "stability": None} for k in (2, 3, 4)]
    figure = plots.scores_by_k(scores, 3)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.2, 0.3, 0.4])
    assert "chosen: 3" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert axes.get_xlabel() == "number of clusters k"


def test_silhouettes_name_clusters_with_their_sizes_and_the_mean():
    values = np.array([0.5, 0.4, 0.3, -0.2])
    figure = plots.silhouettes(values, np.array([0, 0, 0, 1]))
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0 (3)", "1 (1)"]
    assert axes.texts[0].get_text() == "mean 0.250"


def test_leaves_of_a_dendrogram_hold_all_rows():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(20, 3)), rng.normal(size=(10, 3)) + 50])
    labels = ["sad"] * 20 + ["angry"] * 10
    figure = plots.dendrogram(points, labels, plots.looks(labels), n_leaves=2)
    words = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert sorted(words) == ["10 rows: angry 100%", "20 rows: sad 100%"]


def test_leaves_without_labels_say_how_many_rows():
    points = np.arange(12.0).reshape(6, 2) ** 2
    figure = plots.dendrogram(points, [None] * 6, {})
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["1 row"] * 6


def test_a_scatter_of_one_dimension_and_noise_can_be_drawn():
    figure = plots.scatter(np.arange(6.0)[:, None], np.array([0, 0, 1, 1, -1, -1]), np.arange(6))
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["noise", "0 (2)", "1 (2)"]
    noise = figure.axes[0].collections[0].get_facecolor()[0]
    np.testing.assert_allclose(noise[:3], to_rgba("0.72")[:3], atol=1e-6)
