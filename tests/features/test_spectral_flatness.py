import librosa
import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.spectral_flatness import SpectralFlatness
from tests.features.signals import assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-9  # values lie within [0, 1], those of tones near 1e-7


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.spectral_flatness(y=waveform)
        assert_equal_frames(SpectralFlatness().frames(Analysis(waveform)), theirs, ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.spectral_flatness, y=signal)
    assert_equal_frames(SpectralFlatness().frames(Analysis(signal)), theirs, ATOL)


@pytest.mark.parametrize("amplitude", [1e5, 1e-9])
def test_equals_librosa_at_the_ends_of_the_range(amplitude):
    waveform = noise(amplitude=amplitude)
    theirs = librosa.feature.spectral_flatness(y=waveform)
    assert_equal_frames(SpectralFlatness().frames(Analysis(waveform)), theirs, ATOL)


def test_white_noise_is_flat_by_eulers_constant():
    # Its power is exponentially distributed, whose geometric mean is exp(-gamma) of its mean.
    frames = SpectralFlatness().frames(Analysis(noise(10)))
    assert frames.mean() == pytest.approx(np.exp(-np.euler_gamma), rel=0.02)


def test_a_tone_is_not_flat_and_silence_sits_on_a_flat_floor():
    assert SpectralFlatness().frames(Analysis(tone()))[0, 3:-3].max() < 1e-4
    np.testing.assert_allclose(SpectralFlatness().frames(Analysis(silence())), 1, rtol=1e-6)
