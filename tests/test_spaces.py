import numpy as np
import pytest

from emodist import spaces


@pytest.mark.parametrize(
    ("dimension", "low", "middle", "high"),
    [
        (("linear", -1.0, 1.0), -1.0, 0.0, 1.0),
        (("log", 1e-4, 1e2), 1e-4, 0.1, 1e2),
        (("int", 2, 6), 2, 4, 6),
        (("log_int", 1, 100), 1, 7, 100),
        (("choice", ("a", "b", "c")), "a", "b", "c"),
    ],
)
def test_a_dimension_goes_from_its_low_end_to_its_high_end(dimension, low, middle, high):
    assert [spaces.at(dimension, place) for place in (0.0, 0.5, 1.0)] == [low, middle, high]


def test_whole_numbers_are_equally_likely_the_ends_too():
    drawn = [spaces.at(("int", 2, 5), place) for place in np.linspace(0, 1, 4001)]
    counts = np.bincount(drawn)[2:]
    assert counts.min() >= 999


def test_numbers_can_be_read():
    assert spaces.at(("log", 1e-5, 1.0), 0.123456) == 4.14e-05


def test_corners_are_all_combinations():
    space = {"c": ("log", 0.1, 10.0), "kernel": ("choice", ("a", "b"))}
    assert list(spaces.corners(space)) == [
        {"c": c, "kernel": kernel} for c in (0.1, 10.0) for kernel in ("a", "b")
    ]
    assert list(spaces.corners({})) == [{}]
