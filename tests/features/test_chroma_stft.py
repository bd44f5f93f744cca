import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features.chroma_stft import ChromaStft
from tests.features.signals import SR, assert_equal_frames, librosa_frames, silence, tone

ATOL = 1e-6  # values lie within [0, 1]


def theirs(waveform):
    return librosa_frames(librosa.feature.chroma_stft, y=waveform, sr=SR)


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        assert_equal_frames(ChromaStft().frames(Analysis(waveform)), theirs(waveform), ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    assert_equal_frames(ChromaStft().frames(Analysis(signal)), theirs(signal), ATOL)


def test_the_tuning_estimate_is_that_of_librosa_on_speech(speech):
    for waveform in speech:
        power = np.abs(librosa.stft(waveform)) ** 2
        expected = librosa.estimate_tuning(S=power, sr=SAMPLE_RATE)
        assert Analysis(waveform).tuning == pytest.approx(expected, abs=1e-12)


def test_440_hz_is_an_a():
    chroma = ChromaStft(tuning=0.0).frames(Analysis(tone(440)))
    assert (chroma[:, 3:-3].argmax(axis=0) == 9).all()  # C is 0


def test_an_octave_does_not_change_the_pitch_class():
    low, high = (ChromaStft(tuning=0.0).frames(Analysis(tone(hz))) for hz in (523.25, 1046.5))
    assert (low[:, 3:-3].argmax(axis=0) == 0).all()
    assert (high[:, 3:-3].argmax(axis=0) == 0).all()


def test_the_strongest_class_is_one_and_silence_is_zero():
    assert ChromaStft().frames(Analysis(tone())).max(axis=0) == pytest.approx(1)
    assert not ChromaStft().frames(Analysis(silence())).any()


def test_a_tone_between_two_semitones_shows_in_the_tuning():
    waveform = np.concatenate([tone(440 * 2 ** (k / 12 + 0.25 / 12)) for k in range(12)])
    assert Analysis(waveform).tuning == pytest.approx(0.25, abs=0.05)


def test_tuning_beyond_half_a_semitone_is_refused():
    with pytest.raises(ConfigError, match=r"tuning.*0\.7"):
        ChromaStft(tuning=0.7)
