import numpy as np

from emodist import plots


def test_each_label_has_a_bar_with_its_number():
    figure = plots.label_counts({"a": {"angry": 3, "sad": 1200}}, plots.looks(["angry", "sad"]))
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [3, 1200]
    assert {text.get_text() for text in axes.texts} == {"3", "1,200"}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["angry", "sad"]


def test_each_corpus_has_a_panel_and_rows_without_label_are_shown():
    counts = {"a": {"angry": 3, None: 2}, "b": {"sad": 4}}
    figure = plots.label_counts(counts, plots.looks(["angry", "sad"]))
    assert [axes.get_title("left") for axes in figure.axes] == ["a", "b"]
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["angry", "(none)"]


def test_speakers_are_named_and_their_bars_add_up():
    counts = np.array([[1, 2], [3, 4]])
    figure = plots.speaker_counts(["01", "02"], ["a", "b"], counts, plots.looks(["a", "b"]))
    axes = figure.axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == 10
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["01", "02"]
    assert len(figure.legends[0].get_texts()) == 2


def test_a_hundred_speakers_stand_without_names_on_one_page():
    counts = np.arange(102).reshape(102, 1)
    figure = plots.speaker_counts([str(n) for n in range(102)], ["a"], counts, plots.looks(["a"]))
    axes = figure.axes[0]
    assert figure.get_size_inches()[1] < 4
    assert [bar.get_height() for bar in axes.patches] == sorted(range(102), reverse=True)
    assert "102 speakers" in axes.get_xlabel()
