import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.prosody import Prosody
from tests.features.signals import SR, clicks, noise, silence, voice


def columns(waveform):
    names = [name.removeprefix("prosody_") for name in Prosody().labels(())]
    return dict(zip(names, Prosody().compute(Analysis(waveform), ()).tolist(), strict=True))


def glide(start_hz, end_hz, duration_s=1.0):
    """A voice whose pitch moves evenly in semitones."""
    t = np.arange(round(duration_s * SR)) / SR
    rate = np.log(end_hz / start_hz) / duration_s
    phase = 2 * np.pi * start_hz * np.expm1(rate * t) / rate
    return sum(0.1 / k * np.sin(k * phase) for k in range(1, 11)).astype(np.float32)


def test_an_octave_a_second_rises_by_twelve_semitones_a_second():
    found = columns(glide(120, 240))
    # The frames at both ends are half empty, and see less of it.
    assert found["pitch_rise"] == pytest.approx(12, rel=0.1)
    assert found["pitch_fall"] == 0
    assert found["pitch_step_std"] < 0.1
    # Thirds of an even rise of an octave lie at its sixths: -4, 0 and 4 semitones.
    thirds = [found[f"pitch_third_{i}"] for i in (1, 2, 3)]
    np.testing.assert_allclose(thirds, [-4, 0, 4], atol=0.4)
    assert found["pitch_tilt"] == pytest.approx(6, abs=0.4)
    assert abs(found["pitch_bend"]) < 0.4
    assert found["pitch_peak_position"] > 0.9


def test_a_falling_voice_is_the_mirror_image_of_a_rising_one():
    up, down = columns(glide(120, 240)), columns(glide(240, 120))
    assert down["pitch_fall"] == pytest.approx(-up["pitch_rise"], rel=0.05)
    assert down["pitch_tilt"] == pytest.approx(-up["pitch_tilt"], rel=0.05)
    assert down["pitch_range"] == pytest.approx(up["pitch_range"], rel=0.05)


def test_another_voice_an_octave_higher_moves_the_mean_alone():
    low, high = columns(glide(100, 150)), columns(glide(200, 300))
    assert high["pitch_mean"] - low["pitch_mean"] == pytest.approx(12, abs=0.1)
    for name in ("pitch_range", "pitch_third_1", "pitch_tilt", "pitch_rise", "pitch_peak"):
        assert high[name] == pytest.approx(low[name], abs=0.4)


def test_semitones_count_from_27_5_hz():
    assert columns(voice(220))["pitch_p50"] == pytest.approx(36, abs=0.05)


def test_voicing_that_comes_and_goes_twice_a_second_is_counted():
    on = voice(150, 2.0) * (np.arange(2 * SR) % (SR // 2) < SR // 4)
    found = columns(on.astype(np.float32))
    assert found["voiced_per_s"] == pytest.approx(2, abs=0.1)
    # A frame of 128 ms reaches over the edges: voiced and unvoiced last half a second together.
    assert found["voiced_s_mean"] + found["unvoiced_s_mean"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "waveform", [silence(), noise(), clicks()], ids=["silence", "noise", "clicks"]
)
def test_without_a_voice_there_is_no_contour(waveform):
    found = columns(waveform)
    assert all(value == 0 for name, value in found.items() if name.startswith("pitch"))
    assert found["unvoiced_s_mean"] == pytest.approx(1, abs=0.05)
