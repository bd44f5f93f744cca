import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.tonnetz import Tonnetz
from tests.features.signals import SR, assert_equal_frames, librosa_frames, silence, tone, voice

ATOL = 1e-6  # values lie within [-1, 1]


def test_equals_librosa_on_speech(speech):
    theirs = librosa_frames(librosa.feature.tonnetz, y=speech[0], sr=SR)
    assert_equal_frames(Tonnetz().frames(Analysis(speech[0])), theirs, ATOL)


def test_equals_librosa_on_synthetic_voice():
    theirs = librosa_frames(librosa.feature.tonnetz, y=voice(), sr=SR)
    assert_equal_frames(Tonnetz().frames(Analysis(voice())), theirs, ATOL)


def test_equals_librosa_with_the_chroma_of_the_shared_spectrogram():
    chroma = librosa.feature.chroma_stft(y=voice(), sr=SR)
    theirs = librosa.feature.tonnetz(chroma=chroma)
    assert_equal_frames(Tonnetz(chroma="stft").frames(Analysis(voice())), theirs, ATOL)


@pytest.mark.parametrize("chroma", ["cqt", "stft"])
@pytest.mark.parametrize("waveform", [silence(), tone(duration_s=0.1), np.ones(1, np.float32)])
def test_short_and_silent_clips_are_finite_and_within_one(chroma, waveform):
    frames = Tonnetz(chroma=chroma).frames(Analysis(waveform))
    assert frames.shape == (6, 1 + waveform.size // 512)
    assert np.abs(frames).max() <= 1 + 1e-9


def test_silence_is_at_the_centre():
    assert not Tonnetz(chroma="stft").frames(Analysis(silence())).any()


def test_an_unknown_chroma_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'cqt' or 'stft'; got 'cens'"):
        Tonnetz(chroma="cens")
