import numpy as np
import pytest

from emodist.learning import calibration
from tests.learning.predictions import sure


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    y = np.array([0] * 80 + [1] * 20)
    assert calibration.calibration_error(y, np.tile([0.8, 0.2], (100, 1))) == pytest.approx(0)
    assert calibration.calibration_error(y, np.tile([0.95, 0.05], (100, 1))) == pytest.approx(0.15)


def test_calibrated_probabilities_have_a_small_error_and_sharpened_ones_a_large_one():
    rng = np.random.default_rng(14)
    p = rng.dirichlet(np.ones(4), 20_000)
    y = np.array([rng.choice(4, p=row) for row in p[:5000]])
    p = p[:5000]
    sharpened = calibration.apply_temperature(p, 1 / 3)
    assert calibration.calibration_error(y, p) < 0.03
    assert calibration.calibration_error(y, sharpened) > 0.15
    # The one scalar that undoes the sharpening is known.
    assert calibration.fit_temperature(y, sharpened) == pytest.approx(3, rel=0.08)
    restored = calibration.apply_temperature(sharpened, calibration.fit_temperature(y, sharpened))
    assert calibration.calibration_error(y, restored) < 0.03
    np.testing.assert_array_equal(restored.argmax(axis=1), p.argmax(axis=1))


def test_temperature_survives_probabilities_of_zero():
    y = np.arange(60) % 3
    temperature = calibration.fit_temperature(y, sure(np.where(np.arange(60) < 20, 0, y)))
    assert 1 < temperature <= 20
