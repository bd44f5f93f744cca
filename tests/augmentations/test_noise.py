import numpy as np
import pytest

from emodist.augmentations.noise import Noise
from emodist.errors import ConfigError
from tests.augmentations.test_time_stretch import SR, tone


def added(snr_db, color, waveform):
    return Noise().apply(waveform, SR, np.random.default_rng(0), snr_db, color) - waveform


@pytest.mark.parametrize("color", ["white", "pink"])
@pytest.mark.parametrize("snr_db", [0, 10, 30])
def test_the_noise_has_the_power_that_the_ratio_says(color, snr_db):
    voice = tone(440)
    noise = added(snr_db, color, voice).astype(float)
    found_db = 10 * np.log10(np.mean(voice.astype(float) ** 2) / np.mean(noise**2))
    assert found_db == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize(("color", "octave_db"), [("white", 3.01), ("pink", 0.0)])
def test_an_octave_of_white_noise_has_twice_the_power_of_the_one_below(color, octave_db):
    power = np.abs(np.fft.rfft(added(0, color, tone(440, 20.0)))) ** 2
    hz = np.fft.rfftfreq(20 * SR, 1 / SR)
    octaves = [power[(hz >= low) & (hz < 2 * low)].sum() for low in (250, 500, 1000, 2000)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), octave_db, atol=0.3)


def test_an_unknown_color_is_refused():
    with pytest.raises(ConfigError, match="white, pink or any; got 'brown'"):
        Noise(color="brown")
