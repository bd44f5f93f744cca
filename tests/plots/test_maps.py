import numpy as np

from emodist import plots
from emodist.plots.maps import cluster_looks


def points(n=30):
    return np.random.default_rng(0).normal(size=(n, 2))


def n_drawn(figure):
    return sum(len(c.get_offsets()) for axes in figure.axes for c in axes.collections)


def test_every_row_is_drawn_on_every_plane():
    planes = {"t-SNE, plain": points(), "UMAP, plain": points()}
    groups = ["a"] * 10 + ["b"] * 15 + [None] * 5
    figure = plots.maps(planes, groups, plots.looks(["a", "b"]), "label")
    assert n_drawn(figure) == 60
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "(none)"]
    assert [axes.get_title("left") for axes in figure.axes] == list(planes)


def test_above_a_dozen_labels_the_largest_are_named_and_the_rest_is_grey():
    labels = [f"l{n:02d}" for n in range(20) for _ in range(n + 1)]
    figure = plots.maps({"x": points(len(labels))}, labels, plots.looks(labels), "label")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [*(f"l{n:02d}" for n in range(8, 20)), "8 others"]
    assert n_drawn(figure) == len(labels)


def test_a_hundred_speakers_have_shades_and_no_legend():
    speakers = [str(n) for n in range(102) for _ in range(2)]
    figure = plots.maps({"x": points(204)}, speakers, None, "speaker")
    assert not figure.legends
    assert n_drawn(figure) == 204


def test_noise_is_grey_and_clusters_are_numbered():
    found = cluster_looks([0, 1, -1])
    assert list(found) == ["-1", "0", "1"]
    assert found["-1"].color == "0.72"
    assert found["0"].color != found["1"].color


def test_rows_without_any_group_are_drawn_grey():
    figure = plots.maps({"x": points()}, [None] * 30, {}, "row")
    assert n_drawn(figure) == 30
