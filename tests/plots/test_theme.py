import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from emodist import plots
from emodist.plots import theme

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color, vision):
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(VISION[vision]) @ linear, 0, 1)
    xyz = TO_XYZ @ seen / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_emotions_are_told_apart_by_colour_blind_people(vision):
    seen = [lab(color, vision) for color in theme.EMOTIONS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


def test_no_emotion_is_too_pale_for_paper():
    assert max(lab(color, "full")[0] for color in theme.EMOTIONS.values()) <= 81


def test_an_emotion_has_one_colour_whatever_the_corpus_calls_it():
    one = plots.looks(["angry", "happy", "sad"])
    other = plots.looks(["ANG", "happiness", "sadness", "neutral"])
    assert one["angry"].color == other["ANG"].color
    assert one["happy"].color == other["happiness"].color


def test_looks_of_many_labels_are_all_different():
    labels = [f"label {n:03d}" for n in range(102)]
    found = plots.looks(labels)
    assert len({(look.color, look.marker) for look in found.values()}) == 102


def test_labels_of_one_emotion_do_not_share_a_colour_while_there_are_free_ones():
    found = plots.looks(["anger", "angry", "annoyed"])
    assert len({look.color for look in found.values()}) == 3


def test_a_label_is_neither_a_formula_nor_hidden_from_a_legend():
    figure = plots.maps(
        {"t-SNE": np.random.default_rng(0).normal(size=(20, 2))},
        ["$x$"] * 10 + ["_hidden"] * 10,
        plots.looks(["$x$", "_hidden"]),
        "label",
    )
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[0] == "$x$"
    assert words[1].endswith("_hidden")
    assert not any(text.get_parse_math() for text in figure.legends[0].get_texts())


@pytest.mark.slow
def test_the_same_figure_gives_the_same_files():
    def made():
        return plots.confusion(np.eye(2, dtype=int), ["a", "b"], "model")

    assert plots.png(made()) == plots.png(made())
    assert plots.svg(made()) == plots.svg(made())
    assert plots.png(made()).startswith(b"\x89PNG")
    assert b"<svg" in plots.svg(made())


def test_a_long_word_is_cut():
    assert theme.short("x" * 50) == "x" * 21 + "\u2026"
    assert theme.short("") == "(empty)"
