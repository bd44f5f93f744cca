"""What only some of the changes of images promise."""

import numpy as np
import pytest

from emodist.batch_augmentations.gain import Gain
from emodist.batch_augmentations.noise import Noise
from emodist.batch_augmentations.time_shift import TimeShift
from tests.batch_augmentations.test_contract import images


def test_a_gain_is_one_number_of_decibels_for_an_image():
    x = images(n_rows=100)
    added = Gain(most_db=6).apply(x, None, None, np.random.default_rng(0))[0] - x
    np.testing.assert_allclose(added, added[:, :1, :1].repeat(128, 1).repeat(128, 2), atol=1e-4)
    assert -6 <= added.min() < -5
    assert 5 < added.max() <= 6 + 1e-4


def test_a_shift_moves_all_bands_together_and_loses_nothing():
    x = images(n_rows=20)
    found = TimeShift(most_fraction=0.25).apply(x, None, None, np.random.default_rng(0))[0]
    for before, after in zip(x, found, strict=True):
        shifts = [n for n in range(-64, 64) if np.array_equal(np.roll(before, n, 1), after)]
        assert len(shifts) == 1
        assert abs(shifts[0]) <= 32


@pytest.mark.parametrize("snr_db", [0, 10, 30])
def test_the_power_of_the_noise_is_below_that_of_the_image_by_the_ratio(snr_db):
    x = images(n_rows=4)
    noise = Noise(min_snr_db=snr_db, max_snr_db=snr_db)
    found = noise.apply(x, None, None, np.random.default_rng(0))[0]
    power, more = (10 ** (image.astype(float) / 10) for image in (x, found))
    ratio = power.mean(axis=(1, 2)) / (more - power).mean(axis=(1, 2))
    np.testing.assert_allclose(10 * np.log10(ratio), snr_db, atol=0.1)
    assert (found >= x - 1e-3).all()
