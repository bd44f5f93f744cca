import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emodist.features import _contour

CURVES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=40).map(np.array)


@settings(max_examples=40, deadline=None)
@given(CURVES, st.floats(0, 1))
def test_percentiles_equal_numpys(x, fraction):
    found = _contour.percentile(np.sort(x), fraction)
    assert found == pytest.approx(np.percentile(x, 100 * fraction), rel=1e-6, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(CURVES)
def test_tilt_is_the_line_of_least_squares_over_half_of_the_contour(x):
    slope = np.polyfit(np.linspace(-1, 1, x.size), x, 1)[0]
    assert _contour.tilt(x) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(CURVES)
def test_bend_is_the_square_of_the_parabola_of_least_squares(x):
    square = np.polyfit(np.linspace(-1, 1, x.size), x, 2)[0]
    assert _contour.bend(x) == pytest.approx(square, rel=1e-4, abs=1e-4)


def test_reversing_time_turns_the_tilt_and_keeps_the_bend():
    x = np.random.default_rng(0).standard_normal(17)
    assert _contour.tilt(x[::-1]) == pytest.approx(-_contour.tilt(x))
    assert _contour.bend(x[::-1]) == pytest.approx(_contour.bend(x))


def test_thirds_are_means_of_what_comes_first_in_the_middle_and_last():
    np.testing.assert_allclose(_contour.thirds(np.arange(9.0)), [1, 4, 7])
    np.testing.assert_allclose(_contour.thirds(np.array([2.0, 4.0])), [3, 3, 3])


def test_runs_cover_each_frame_once():
    mask = np.random.default_rng(1).random(50) < 0.5
    lengths = [_contour.runs(mask, value) for value in (True, False)]
    assert lengths[0].sum() == mask.sum()
    assert lengths[1].sum() == (~mask).sum()
    assert abs(lengths[0].size - lengths[1].size) <= 1


def test_one_value_and_none_have_no_shape():
    one = np.ones(1)
    assert (_contour.tilt(one), _contour.bend(one)) == (0, 0)
    assert _contour.mean_std(np.empty(0)) == (0, 0)
