import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.log_mel import LogMel
from tests.features.signals import SR, assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-3  # dB


def theirs(waveform, **settings):
    power = librosa_frames(librosa.feature.melspectrogram, y=waveform, sr=SR, **settings)
    return librosa.power_to_db(power)


def whole(waveform, **settings):
    """All frames of a clip, neither cut nor filled."""
    analysis = Analysis(waveform)
    return LogMel(n_frames=analysis.n_frames, **settings).compute(analysis, ())


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        assert_equal_frames(whole(waveform), theirs(waveform), ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    assert_equal_frames(whole(signal), theirs(signal), ATOL)


def test_equals_librosa_with_other_bands():
    ours = whole(noise(), n_mels=64, fmin_hz=125, fmax_hz=7500)
    assert_equal_frames(ours, theirs(noise(), n_mels=64, fmin=125, fmax=7500), ATOL)


def test_a_short_clip_is_filled_at_its_end_with_its_floor():
    filled = LogMel().compute(Analysis(tone()), ())
    np.testing.assert_array_equal(filled[:, :32], whole(tone()))
    np.testing.assert_allclose(filled[:, 32:], filled.max() - 80, atol=1e-4)


def test_the_middle_of_a_long_clip_is_taken():
    waveform = noise(duration_s=10)
    cut = LogMel(n_frames=100).compute(Analysis(waveform), ())
    np.testing.assert_array_equal(cut, whole(waveform)[:, 106:206])


def test_resizing_keeps_the_first_and_last_frame():
    stretched = LogMel(fit="resize").compute(Analysis(noise()), ())
    assert stretched.shape == (128, 128)
    np.testing.assert_allclose(stretched[:, [0, -1]], whole(noise())[:, [0, -1]], rtol=1e-6)


def test_resizing_to_twice_the_frames_puts_means_between_them():
    frames = whole(noise())
    stretched = LogMel(fit="resize", n_frames=63).compute(Analysis(noise()), ())
    np.testing.assert_allclose(stretched[:, ::2], frames, rtol=1e-5)
    np.testing.assert_allclose(stretched[:, 1::2], (frames[:, 1:] + frames[:, :-1]) / 2, rtol=1e-5)


def test_one_frame_can_be_resized():
    stretched = LogMel(fit="resize").compute(Analysis(tone()[:100]), ())
    assert (stretched == stretched[:, :1]).all()


def test_halving_the_amplitude_costs_six_decibels_everywhere():
    np.testing.assert_allclose(whole(noise()) - whole(noise() / 2), 6.0206, atol=1e-3)


def test_silence_sits_on_the_floor():
    assert (LogMel().compute(Analysis(silence()), ()) == pytest.approx(-100)) is True


def test_columns_are_named_by_band_and_frame():
    labels = LogMel(n_mels=2, n_frames=3).labels(("mean",))
    assert labels[0] == "log_mel_1_1"
    assert labels[3] == "log_mel_2_1"
    assert len(labels) == 6


@pytest.mark.parametrize(
    "settings", [{"fit": "crop"}, {"n_frames": 0}, {"top_db": -1}, {"fmin_hz": 8000.0}]
)
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(ConfigError, match="log_mel"):
        LogMel(**settings)
