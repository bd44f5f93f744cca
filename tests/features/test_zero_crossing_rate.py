import librosa
import numpy as np

from emodist.features._analysis import Analysis
from emodist.features.zero_crossing_rate import ZeroCrossingRate
from tests.features.signals import librosa_frames, silence, tone


def test_is_exactly_that_of_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.zero_crossing_rate(waveform)
        np.testing.assert_array_equal(ZeroCrossingRate().frames(Analysis(waveform)), theirs)


def test_is_exactly_that_of_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.zero_crossing_rate, signal)
    np.testing.assert_array_equal(ZeroCrossingRate().frames(Analysis(signal)), theirs)


def test_a_tone_crosses_zero_twice_a_period():
    frames = ZeroCrossingRate().frames(Analysis(tone(1000)))
    np.testing.assert_allclose(frames[0, 3:-3], 2 * 1000 / 16000, atol=1 / 2048)


def test_silence_does_not_cross():
    assert not ZeroCrossingRate().frames(Analysis(silence())).any()


def test_alternating_samples_cross_all_the_time():
    waveform = np.tile(np.array([0.1, -0.1], np.float32), 4000)
    frames = ZeroCrossingRate().frames(Analysis(waveform))
    np.testing.assert_allclose(frames[0, 3:-3], 2047 / 2048)
