import numpy as np
import pytest

from emodist.augmentations.pitch_shift import PitchShift
from tests.augmentations.test_time_stretch import SR, peak_hz, tone


def shifted(waveform, semitones):
    return PitchShift().apply(waveform, SR, np.random.default_rng(0), semitones)


@pytest.mark.parametrize(
    ("semitones", "hz"), [(2, 493.883), (-2, 391.995), (12, 880.0), (-12, 220.0), (0, 440.0)]
)
def test_a_tone_moves_by_the_twelfth_root_of_two_for_each_semitone(semitones, hz):
    found = shifted(tone(440), semitones)
    assert peak_hz(found) == pytest.approx(hz, abs=0.3)
    assert len(found) == 3 * SR
    middle = found[SR:-SR]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_what_happens_at_a_time_still_happens_then():
    burst = np.zeros(3 * SR, np.float32)
    burst[2 * SR : 2 * SR + 1600] = np.random.default_rng(0).standard_normal(1600) * 0.1
    power = shifted(burst, 2).astype(float) ** 2
    centre_s = (power * np.arange(len(power))).sum() / power.sum() / SR
    assert centre_s == pytest.approx(2.05, abs=0.02)
