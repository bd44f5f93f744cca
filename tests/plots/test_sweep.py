import numpy as np

from emodist import plots
from emodist.plots.sweep import sweep


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_trials_the_best_so_far_and_the_nested_score_are_drawn():
    scores = np.array([0.3, np.nan, 0.5, 0.4])
    figure = sweep(np.arange(4), scores, ["knn", "knn", "mlp", "mlp"], "UAR", (0.42, 0.35, 0.5))
    axes = figure.axes[0]
    best = next(line for line in axes.lines if line.get_label().startswith("best so far"))
    np.testing.assert_array_equal(best.get_ydata(), [0.3, 0.3, 0.5, 0.5])
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_array_equal(drawn["knn"], [0.3])
    np.testing.assert_array_equal(drawn["mlp"], [0.5, 0.4])
    assert {"nested (unbiased)", "its 95% interval", "without a score"} <= set(labels(figure))
    assert axes.get_ylabel() == "UAR"
    assert plots.png(figure).startswith(b"\x89PNG")


def test_a_sweep_without_any_score_is_drawn_too():
    figure = sweep(np.arange(2), np.full(2, np.nan), ["kmeans", "hdbscan"], "silhouette")
    assert plots.png(figure).startswith(b"\x89PNG")
