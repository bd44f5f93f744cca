import numpy as np
import pytest

from emodist import plots


def test_cells_of_a_confusion_matrix_are_its_counts():
    matrix = np.array([[8, 2], [1, 1009]])
    figure = plots.confusion(matrix, ["a", "b"], "model\nprotocol")
    axes = figure.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert words == ["8\n80%", "2\n20%", "1\n0%", "1,009\n100%"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.8, 0.2], [1 / 1010, 1009 / 1010]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("taken for", "truth")
    assert "protocol" in figure.get_suptitle()


def test_a_class_without_rows_is_an_empty_row_and_no_division_by_zero():
    figure = plots.confusion(np.array([[3, 0], [0, 0]]), ["a", "b"], "model")
    assert np.isfinite(figure.axes[0].images[0].get_array()).all()


@pytest.mark.parametrize(("n", "n_texts"), [(12, 144), (30, 900), (102, 0)])
def test_many_classes_keep_their_names_and_lose_their_numbers(n, n_texts):
    names = [f"class {index}" for index in range(n)]
    figure = plots.confusion(np.ones((n, n), int), names, "model")
    axes = figure.axes[0]
    assert len(axes.texts) == n_texts
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names
    # Names are at least as far from each other as they are high.
    inches = figure.get_size_inches()[1] * 0.8 / n
    assert inches > axes.get_yticklabels()[0].get_fontsize() / 72


def test_the_legend_of_roc_curves_names_class_and_area():
    curve = (np.array([0, 0.5, 1]), np.array([0, 1, 1]), 0.75)
    figure = plots.roc({"sad": curve, "angry": curve}, plots.looks(["sad", "angry"]), "model")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["0.750  sad", "0.750  angry"]


def test_of_many_roc_curves_the_ends_are_named():
    names = [f"c{n:02d}" for n in range(30)]
    line = np.array([0.0, 1.0])
    curves = {name: (line, line, n / 30) for n, name in enumerate(names)}
    figure = plots.roc(curves, plots.looks(names), "model")
    assert len(figure.legends[0].get_texts()) == 12
    assert len(figure.axes[0].lines) == 31


def test_a_reliability_diagram_says_its_error_and_the_size_of_its_bins():
    figure = plots.reliability(
        np.array([0.4, 0.9]), np.array([0.5, 0.7]), np.array([64, 63]), 0.1512, "model"
    )
    assert (
        figure.axes[0].get_legend().get_title().get_text() == "ECE 0.151\n2 bins of 63 to 64 rows"
    )


def test_importance_has_a_bar_for_each_name_in_order():
    intervals = np.array([[0.1, 0.3], [-0.1, 0.1]])
    figure = plots.importance(["mfcc", "rms"], np.array([0.2, 0.0]), intervals, "loss of UAR")
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.2, 0.0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["mfcc", "rms"]
    assert axes.get_xlabel() == "loss of UAR"


def test_models_say_their_protocol_in_full_and_overlap_is_hollow():
    row = {"uar": 0.5, "interval": (0.4, 0.6), "chance": 0.125}
    long = "ravdess16: 4 folds, speaker-independent, z-score per speaker (transductive)"
    figure = plots.models(
        [
            {**row, "name": "svm", "protocol": long, "speakers_overlap": False},
            {
                **row,
                "name": "svm",
                "protocol": "random5, speakers overlap",
                "speakers_overlap": True,
            },
        ]
    )
    axes = figure.axes[0]
    first = axes.get_yticklabels()[0].get_text()
    assert first.replace("\n", " ") == f"svm {long}"
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() for dot in dots][1] == "white"
    assert dots[0].get_markerfacecolor() != "white"
