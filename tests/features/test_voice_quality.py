import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.voice_quality import ELEMENTS, VoiceQuality
from tests.features.signals import SR, noise, silence, tone, voice


def measures(waveform, f0_hz):
    """Median of each element over the frames in the middle, the pitch being known."""
    analysis = Analysis(np.asarray(waveform, np.float32))
    index = np.arange(4, analysis.n_frames - 4)
    found = VoiceQuality().frames(analysis, np.full(index.size, f0_hz), index)
    return dict(zip(ELEMENTS, np.median(found, axis=1).tolist(), strict=True))


def pulses(periods, heights):
    """Smooth pulses at the given distances, in samples."""
    at = np.cumsum(np.tile(periods, SR // sum(periods)))
    out = np.zeros(SR + 200)
    shape = np.hanning(9)
    for i, start in enumerate(at[at < SR]):
        out[start : start + 9] += heights[i % len(heights)] * shape
    return out[:SR]


def test_periods_of_99_and_101_samples_by_turns_have_a_jitter_of_two_percent():
    assert measures(pulses([99, 101], [1]), 160)["jitter"] == pytest.approx(0.02, abs=1e-3)
    assert measures(pulses([100], [1]), 160)["jitter"] == pytest.approx(0, abs=1e-4)


def test_pulses_of_one_and_a_half_by_turns_have_a_shimmer_of_six_decibels():
    assert measures(pulses([100], [1, 0.5]), 160)["shimmer_db"] == pytest.approx(6.02, abs=0.05)
    assert measures(pulses([100], [1]), 160)["shimmer_db"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("snr_db", [0, 10, 20])
def test_a_tone_in_noise_has_harmonics_over_noise_of_its_snr(snr_db):
    # The period of 201 Hz is not a whole number of samples.
    signal = tone(201, 3.0, amplitude=0.5)
    rms = 0.5 / np.sqrt(2) * 10 ** (-snr_db / 20)
    found = measures(signal + noise(3.0, amplitude=rms), 201)
    assert found["hnr_db"] == pytest.approx(snr_db, abs=0.7)


def test_the_cepstrum_of_a_voice_has_a_peak_and_that_of_noise_has_less():
    assert measures(voice(150), 150)["cpp_db"] > measures(noise(), 150)["cpp_db"] + 5


def test_harmonics_differ_by_their_levels():
    # Each tone lies on a bin, where a window loses nothing.
    f0_hz = 26 * SR / 2048
    parts = tone(f0_hz, amplitude=0.4), tone(2 * f0_hz, amplitude=0.2), tone(2500, amplitude=0.04)
    found = measures(sum(parts), f0_hz)
    assert found["h1_h2_db"] == pytest.approx(20 * np.log10(2), abs=0.05)
    assert found["h1_a3_db"] == pytest.approx(20, abs=0.05)


def test_a_gain_changes_nothing():
    waveform = voice(150) + noise(amplitude=0.01)
    soft, loud = measures(0.1 * waveform, 150), measures(waveform, 150)
    for name in ELEMENTS:
        assert loud[name] == pytest.approx(soft[name], abs=0.02)


def test_silence_has_no_voice():
    assert not VoiceQuality().compute(Analysis(silence()), ("mean", "p90")).any()
