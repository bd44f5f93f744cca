import numpy as np
from matplotlib.colors import to_hex

from emodist import plots
from emodist.plots.timeline import NOTHING

SPANS = [
    {"start_s": 0.0, "end_s": 60.0, "label": "angry", "abstained": False},
    {"start_s": 60.0, "end_s": 90.0, "label": None, "abstained": True},
]


def drawn():
    start = np.array([0.0, 60.0])
    p = np.array([[0.9, 0.1], [np.nan, np.nan]])
    return plots.timeline(start, np.array([60.0, 90.0]), p, SPANS, ("angry", "sad"), "a.mp4")


def test_the_ribbon_has_the_color_of_each_label_over_its_minutes():
    _, ribbon = drawn().axes
    first, second = ribbon.patches
    assert to_hex(first.get_facecolor()) == plots.looks(["angry", "sad"])["angry"].color
    assert to_hex(second.get_facecolor()) == NOTHING
    assert (first.get_x(), first.get_width(), second.get_width()) == (0, 1, 0.5)


def test_the_stack_reaches_one_where_something_is_known_and_is_empty_elsewhere():
    stack, _ = drawn().axes
    tops = [path.vertices for area in stack.collections for path in area.get_paths()]
    corners = np.vstack(tops)
    assert corners[:, 1].max() == 1
    assert corners[:, 0].max() == 1


def test_a_gap_between_steps_is_not_bridged():
    start, end = np.array([0.0, 60.0]), np.array([6.0, 66.0])
    figure = plots.timeline(start, end, np.array([[1.0], [1.0]]), [], ("angry",), "a")
    (area,) = figure.axes[0].collections
    assert len(area.get_paths()) == 2
