import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.spectral_rolloff import SpectralRolloff
from tests.features.signals import SR, librosa_frames, noise, silence, tone

BIN_HZ = SR / 2048


def assert_equal_bins(ours, theirs):
    """The same bin; near a tie, where the last bit of a sum decides, its neighbour."""
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= BIN_HZ
    assert (ours != theirs).mean() <= 0.002


def test_equals_librosa_on_speech(speech):
    ours = [SpectralRolloff().frames(Analysis(waveform)) for waveform in speech]
    theirs = [librosa.feature.spectral_rolloff(y=waveform, sr=SR) for waveform in speech]
    assert_equal_bins(np.concatenate(ours, axis=1), np.concatenate(theirs, axis=1))


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.spectral_rolloff, y=signal, sr=SR)
    assert_equal_bins(SpectralRolloff().frames(Analysis(signal)), theirs)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_white_noise_rolls_off_in_proportion_to_the_share(share):
    frames = SpectralRolloff(roll_percent=share).frames(Analysis(noise(10)))
    assert frames.mean() == pytest.approx(share * 8000, rel=0.02)


def test_a_tone_rolls_off_at_its_frequency_and_silence_at_zero():
    frames = SpectralRolloff().frames(Analysis(tone(2000)))
    np.testing.assert_allclose(frames[0, 3:-3], 2000, atol=2 * BIN_HZ)
    assert not SpectralRolloff().frames(Analysis(silence())).any()


@pytest.mark.parametrize("share", [0, 1, 85, "0.85"])
def test_a_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(ConfigError, match="roll_percent"):
        SpectralRolloff(roll_percent=share)
