import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.loudness import Loudness
from tests.features.signals import SR, noise


def columns(waveform):
    names = [name.removeprefix("loudness_") for name in Loudness().labels(())]
    return dict(zip(names, Loudness().compute(Analysis(waveform), ()).tolist(), strict=True))


@pytest.mark.parametrize("rate_hz", [3, 5])
def test_noise_that_swells_so_many_times_a_second_has_so_many_peaks(rate_hz):
    t = np.arange(3 * SR) / SR
    swelling = noise(3.0) * (0.55 - 0.45 * np.cos(2 * np.pi * rate_hz * t)).astype(np.float32)
    assert columns(swelling)["peaks_per_s"] == pytest.approx(rate_hz, abs=0.35)


def test_twenty_decibels_more_are_louder_by_the_power_0_23():
    soft, loud = columns(noise(amplitude=0.01)), columns(noise(amplitude=0.1))
    for name in ("mean", "p20", "p95", "rise_mean"):
        assert loud[name] / soft[name] == pytest.approx(100**0.23, rel=1e-3)
    for name in ("variation", "third_1", "tilt", "bend", "quiet_fraction", "peaks_per_s"):
        assert loud[name] == pytest.approx(soft[name], abs=1e-4)


def test_a_sound_that_grows_tilts_upwards_and_one_that_dies_away_downwards():
    ramp = np.linspace(0.1, 1, SR).astype(np.float32)
    up, down = columns(noise() * ramp), columns(noise() * ramp[::-1])
    assert up["tilt"] > 0.2
    assert down["tilt"] == pytest.approx(-up["tilt"], abs=0.1)
    assert up["third_3"] > 1 > up["third_1"]


def test_a_pause_for_half_of_the_time_is_quiet_for_half_of_the_frames():
    half = noise()
    half[SR // 2 :] = 0
    assert columns(half)["quiet_fraction"] == pytest.approx(0.5, abs=0.04)
