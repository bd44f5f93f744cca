import numpy as np
import pytest

from emodist.augmentations.gain import Gain


def test_six_decibels_are_twice_the_amplitude_and_nothing_is_clipped():
    found = Gain().apply(np.full(3, 0.8, np.float32), 16_000, np.random.default_rng(0), 6.0206)
    assert found == pytest.approx([1.6] * 3, rel=1e-4)
