import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.modulation import EDGES_HZ, N_BANDS, Modulation
from tests.features.signals import SR, noise, silence


def octaves(waveform):
    return Modulation().compute(Analysis(waveform), ()).reshape(N_BANDS, len(EDGES_HZ) - 1)


@pytest.mark.parametrize(("rate_hz", "octave"), [(1.4, 1), (2.8, 2), (5.6, 3), (11.0, 4)])
def test_a_swelling_sound_has_its_power_in_the_octave_of_its_rate(rate_hz, octave):
    t = np.arange(3 * SR) / SR
    swelling = noise(3.0) * (0.6 - 0.4 * np.cos(2 * np.pi * rate_hz * t)).astype(np.float32)
    # The lowest band is as narrow as its noise is restless.
    assert set(octaves(swelling)[1:].argmax(axis=1)) == {octave}


def test_a_gain_and_the_colour_of_a_room_change_nothing():
    waveform = noise(2.0)
    np.testing.assert_allclose(octaves(0.1 * waveform), octaves(waveform), atol=0.01)
    coloured = np.convolve(waveform, [1.0, 0.3], "same").astype(np.float32)
    np.testing.assert_allclose(octaves(coloured)[:, 3:], octaves(waveform)[:, 3:], atol=0.35)


def test_the_length_of_a_steady_sound_does_not_matter():
    short, long = (octaves(noise(duration_s))[:, 3:].mean() for duration_s in (2.0, 12.0))
    assert short == pytest.approx(long, abs=0.3)


def test_what_does_not_move_has_no_modulation():
    np.testing.assert_allclose(octaves(silence()), np.log(1e-3), atol=1e-4)


def test_columns_name_the_band_and_the_lower_end_of_the_octave():
    labels = Modulation().labels(())
    assert labels[:2] == ("modulation_1_0.5hz", "modulation_1_1hz")
    assert labels[-1] == "modulation_8_16hz"
