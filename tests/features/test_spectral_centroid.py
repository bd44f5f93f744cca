import librosa
import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.spectral_centroid import SpectralCentroid
from tests.features.signals import SR, assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-3  # Hz


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.spectral_centroid(y=waveform, sr=SR)
        assert_equal_frames(SpectralCentroid().frames(Analysis(waveform)), theirs, ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.spectral_centroid, y=signal, sr=SR)
    assert_equal_frames(SpectralCentroid().frames(Analysis(signal)), theirs, ATOL)


@pytest.mark.parametrize("hz", [250.0, 1000.0, 4000.0])
def test_the_centroid_of_a_tone_is_its_frequency(hz):
    centroid = SpectralCentroid().frames(Analysis(tone(hz)))[0, 3:-3]
    np.testing.assert_allclose(centroid, hz, rtol=1e-3)


def test_the_centroid_of_white_noise_is_half_of_nyquist():
    centroid = SpectralCentroid().frames(Analysis(noise(10)))
    assert centroid.mean() == pytest.approx(4000, rel=0.01)


def test_loudness_does_not_move_the_centroid_and_silence_has_none():
    loud, quiet = (SpectralCentroid().frames(Analysis(noise() * gain)) for gain in (1, 0.25))
    np.testing.assert_allclose(loud, quiet, rtol=1e-6)
    assert not SpectralCentroid().frames(Analysis(silence())).any()
