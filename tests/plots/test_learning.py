from emodist import plots

FOLD = [
    {"epoch": 1.0, "loss": 2.0, "dev_loss": 2.1, "dev_uar": 0.3},
    {"epoch": 2.0, "loss": 1.0, "dev_loss": 1.5, "dev_uar": 0.5},
    {"epoch": 3.0, "loss": 0.5, "dev_loss": 1.9, "dev_uar": 0.4},
]


def dots(axes):
    drawn = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"]
    return [points[0] for points in drawn if points]


def test_the_kept_epoch_is_marked_in_both_panels():
    above, below = plots.learning({"group5/1": FOLD}, "model").axes
    assert [2.0, 1.5] in dots(above)
    assert dots(below) == [[2.0, 0.5]]


def test_without_development_speakers_the_training_loss_stands_alone():
    history = [{"epoch": row["epoch"], "loss": row["loss"]} for row in FOLD]
    above, below = plots.learning({"a": history}).axes
    assert above.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    assert not below.lines


def test_each_fold_has_a_name_in_the_legend():
    figure = plots.learning({"a": FOLD, "b": FOLD})
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[:2] == ["a", "b"]
