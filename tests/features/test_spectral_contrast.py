import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.spectral_contrast import SpectralContrast
from tests.features.signals import SR, assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-3  # dB, of values up to 80


@pytest.mark.slow
def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.spectral_contrast(y=waveform, sr=SR)
        assert_equal_frames(SpectralContrast().frames(Analysis(waveform)), theirs, ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.spectral_contrast, y=signal, sr=SR)
    assert_equal_frames(SpectralContrast().frames(Analysis(signal)), theirs, ATOL)


@pytest.mark.parametrize("settings", [(4, 300.0, 0.1), (6, 200.0, 0.5), (1, 4000.0, 0.02)])
def test_equals_librosa_with_other_settings(settings):
    n_bands, fmin, quantile = settings
    theirs = librosa.feature.spectral_contrast(
        y=noise(), sr=SR, n_bands=n_bands, fmin=fmin, quantile=quantile
    )
    assert_equal_frames(SpectralContrast(*settings).frames(Analysis(noise())), theirs, ATOL)


def test_a_tone_stands_out_in_its_own_octave():
    # 1000 Hz lies in band 4, from 800 to 1600 Hz.
    waveform = tone(1000) + noise(amplitude=1e-3)
    frames = SpectralContrast().frames(Analysis(waveform))
    assert (frames[:, 3:-3].argmax(axis=0) == 3).all()


def test_silence_has_no_contrast():
    assert not SpectralContrast().frames(Analysis(silence())).any()


def test_bands_beyond_nyquist_are_refused_with_their_frequency():
    with pytest.raises(ConfigError, match="below 8000 Hz; got 12800 Hz"):
        SpectralContrast(n_bands=7)


def test_a_band_without_fft_bins_is_refused():
    with pytest.raises(ConfigError, match=r"no FFT bin between .* n_fft=64"):
        SpectralContrast().frames(Analysis(np.ones(100), n_fft=64))
