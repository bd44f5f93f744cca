import librosa
import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.spectral_bandwidth import SpectralBandwidth
from tests.features.signals import SR, assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-3  # Hz


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.spectral_bandwidth(y=waveform, sr=SR)
        assert_equal_frames(SpectralBandwidth().frames(Analysis(waveform)), theirs, ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.spectral_bandwidth, y=signal, sr=SR)
    assert_equal_frames(SpectralBandwidth().frames(Analysis(signal)), theirs, ATOL)


def test_white_noise_spreads_as_a_uniform_distribution_does():
    spread = SpectralBandwidth().frames(Analysis(noise(10)))
    assert spread.mean() == pytest.approx(8000 / np.sqrt(12), rel=0.01)


def test_two_equal_tones_spread_by_half_their_distance():
    frames = SpectralBandwidth().frames(Analysis(tone(1000) + tone(3000)))
    np.testing.assert_allclose(frames[0, 3:-3], 1000, rtol=0.01)


def test_silence_has_no_spread():
    assert not SpectralBandwidth().frames(Analysis(silence())).any()
