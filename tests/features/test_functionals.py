import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emodist.errors import ConfigError
from emodist.features import _functionals

FINITE = st.floats(-1e6, 1e6, width=32)


def one_row(values, *functionals, frame_s=1.0, index=None):
    frames = np.array([values], dtype=np.float32)
    return _functionals.apply(frames, functionals, frame_s, index)


@settings(max_examples=40, deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=40), st.integers(0, 100))
def test_equals_numpy_on_any_row(values, percentile):
    x = np.array(values, np.float32).astype(np.float64)
    expected = [x.mean(), x.std(), x.min(), x.max(), np.ptp(x), np.percentile(x, percentile)]
    found = one_row(values, "mean", "std", "min", "max", "range", f"p{percentile}")
    # Below the smallest normal float32, bits are lost.
    atol = 1e-5 * np.abs(x).max() + np.finfo(np.float32).tiny
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=atol)


def test_rows_come_out_element_after_element():
    frames = np.array([[1, 3], [5, 5]], np.float32)
    np.testing.assert_array_equal(
        _functionals.apply(frames, ("mean", "range"), 0.032), [2, 2, 5, 0]
    )


@pytest.mark.parametrize("value", [0.1, 1e-30, -1131.37, 3e7])
def test_a_constant_has_exactly_no_deviation(value):
    x = np.float32(value)
    found = one_row([value] * 7, "mean", "std", "range", "slope", "p10", "p90")
    np.testing.assert_array_equal(found, np.array([x, 0, 0, 0, x, x], np.float32))


def test_slope_is_per_second():
    assert one_row([0, 1, 2, 3], "slope", frame_s=0.032) == pytest.approx(1 / 0.032)


def test_slope_equals_the_line_of_least_squares():
    x = np.random.default_rng(3).standard_normal(50)
    expected = np.polyfit(np.arange(50) * 0.032, x.astype(np.float32), 1)[0]
    assert one_row(x, "slope", frame_s=0.032) == pytest.approx(expected, rel=1e-4)


def test_slope_knows_which_frames_were_left_out():
    found = one_row([0, 10, 11], "slope", index=np.array([0, 10, 11]))
    assert found == pytest.approx(1)


def test_one_frame_has_no_spread_and_none_has_nothing():
    functionals = ("mean", "std", "min", "max", "range", "slope", "p50")
    assert one_row([4], *functionals).tolist() == [4, 0, 4, 4, 0, 0, 4]
    assert one_row([], *functionals).tolist() == [0] * 7


def test_reversing_time_reverses_the_slope_only():
    x = np.random.default_rng(4).standard_normal(30)
    forth, back = (one_row(y, "mean", "std", "slope", "p90") for y in (x, x[::-1]))
    np.testing.assert_allclose(back, forth * [1, 1, -1, 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("functionals", "complaint"),
    [
        (("mean", "meen"), "'meen'; did you mean 'mean'"),
        (("p101",), "no functional 'p101'"),
        (("median",), "no functional 'median'"),
        ((), "at least one"),
        (("mean", "mean"), "twice"),
    ],
)
def test_functionals_that_do_not_exist_are_refused(functionals, complaint):
    with pytest.raises(ConfigError, match=complaint):
        one_row([1, 2], *functionals)
