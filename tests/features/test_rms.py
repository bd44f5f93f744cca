import librosa
import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.rms import Rms
from tests.features.signals import assert_equal_frames, librosa_frames, noise, silence, tone

ATOL = 1e-8  # of full scale


def test_equals_librosa_on_speech(speech):
    for waveform in speech:
        theirs = librosa.feature.rms(y=waveform)
        assert_equal_frames(Rms().frames(Analysis(waveform)), theirs, ATOL)


def test_equals_librosa_on_synthetic_signals(signal):
    theirs = librosa_frames(librosa.feature.rms, y=signal)
    assert_equal_frames(Rms().frames(Analysis(signal)), theirs, ATOL)


def test_frames_that_hops_do_not_tile_equal_librosa():
    theirs = librosa.feature.rms(y=noise(), frame_length=1000, hop_length=300)
    assert_equal_frames(Rms().frames(Analysis(noise(), 1000, 300)), theirs, ATOL)


def test_a_sine_has_its_amplitude_over_the_square_root_of_two():
    frames = Rms().frames(Analysis(tone(1000, amplitude=0.5)))
    np.testing.assert_allclose(frames[0, 3:-3], 0.5 / np.sqrt(2), rtol=1e-3)


def test_halving_the_amplitude_halves_it_and_silence_has_none():
    loud, quiet = (Rms().compute(Analysis(noise() * gain), ("mean", "std")) for gain in (1, 0.5))
    np.testing.assert_allclose(quiet, loud / 2, rtol=1e-5)
    assert not Rms().frames(Analysis(silence())).any()


def test_its_columns_have_no_element():
    assert Rms().labels(("mean", "p90")) == ("rms_mean", "rms_p90")
    assert Rms().compute(Analysis(noise()), ("mean", "p90")) == pytest.approx(0.1, rel=0.2)
