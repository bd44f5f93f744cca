import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.mfcc import Mfcc
from tests.features.signals import SR, assert_equal_frames, librosa_frames, noise, silence, tone

# Coefficients reach 1131 (silence); the absolute term is what sums of 128 float32 levels round to.
ATOL = 5e-4


def with_deltas(waveform):
    mfcc = librosa_frames(librosa.feature.mfcc, y=waveform, sr=SR)
    mode = "interp" if mfcc.shape[1] >= 9 else "nearest"
    deltas = [librosa.feature.delta(mfcc, order=order, mode=mode) for order in (1, 2)]
    return np.concatenate([mfcc, *deltas])


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        assert_equal_frames(Mfcc().frames(Analysis(waveform)), with_deltas(waveform), ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    assert_equal_frames(Mfcc().frames(Analysis(signal)), with_deltas(signal), ATOL)


def test_equals_librosa_with_other_settings():
    waveform = noise()
    analysis = Analysis(waveform, n_fft=1024, hop_length=160)
    ours = Mfcc(n_mfcc=13, n_mels=40, deltas=0, fmin_hz=50, fmax_hz=4000).frames(analysis)
    theirs = librosa.feature.mfcc(
        y=waveform, sr=SR, n_mfcc=13, n_mels=40, fmin=50, fmax=4000, n_fft=1024, hop_length=160
    )
    assert_equal_frames(ours, theirs, ATOL)


def test_halving_the_amplitude_moves_only_the_first_coefficient():
    # -6.0206 dB in each of 128 bands; the orthonormal transform sums them over sqrt(128).
    loud, quiet = (Mfcc(deltas=0).frames(Analysis(noise() * gain)) for gain in (1, 0.5))
    np.testing.assert_allclose((quiet - loud)[0], -6.0206 * np.sqrt(128), rtol=1e-4)
    np.testing.assert_allclose((quiet - loud)[1:], 0, atol=1e-3)


def test_silence_has_a_level_of_minus_100_db_and_no_movement():
    frames = Mfcc().frames(Analysis(silence()))
    np.testing.assert_allclose(frames[0], -100 * np.sqrt(128), rtol=1e-6)
    np.testing.assert_allclose(frames[1:], 0, atol=1e-3)


def test_a_steady_tone_has_no_deltas_away_from_its_ends():
    frames = Mfcc().frames(Analysis(tone(250, duration_s=2)))
    np.testing.assert_allclose(frames[20:, 12:-12], 0, atol=0.02)


def test_columns_are_named_by_coefficient_and_derivative():
    labels = Mfcc(n_mfcc=2).labels(("mean", "std"))
    assert labels[:3] == ("mfcc_1_mean", "mfcc_1_std", "mfcc_2_mean")
    assert labels[4] == "mfcc_delta_1_mean"
    assert labels[-1] == "mfcc_delta2_2_std"


@pytest.mark.parametrize(
    "settings",
    [
        {"n_mfcc": 0},
        {"n_mfcc": 41, "n_mels": 40},
        {"n_mfcc": 2.5},
        {"deltas": 3},
        {"fmin_hz": 5000, "fmax_hz": 4000},
        {"fmax_hz": 9000},
    ],
)
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(ConfigError, match="mfcc"):
        Mfcc(**settings)
