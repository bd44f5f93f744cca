import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.mel_contour import MelContour
from tests.features.signals import SR, noise


def contour(waveform, n_parts=8):
    return MelContour(n_parts).compute(Analysis(waveform), ()).reshape(26, n_parts)


def test_a_second_half_that_is_twenty_decibels_quieter_shows_in_its_parts():
    waveform = noise(4.0)
    waveform[2 * SR :] *= 0.1
    found = contour(waveform)
    difference = found[:, :4].mean(axis=1) - found[:, 4:].mean(axis=1)
    np.testing.assert_allclose(difference, 20, atol=1.5)


def test_one_part_is_the_mean_over_all_frames():
    analysis = Analysis(noise())
    found = MelContour(1).compute(analysis, ())
    np.testing.assert_allclose(found, analysis.short_mel_db.mean(axis=0), rtol=1e-4)


def test_playing_backwards_reverses_the_parts():
    waveform = noise(4.0) * np.linspace(0.1, 1, 4 * SR).astype(np.float32)
    np.testing.assert_allclose(contour(waveform[::-1]), contour(waveform)[:, ::-1], atol=1.5)


def test_a_sound_of_one_frame_is_the_same_in_all_parts():
    found = contour(noise()[:100])
    np.testing.assert_array_equal(found, np.repeat(found[:, :1], 8, axis=1))


def test_no_parts_are_refused():
    with pytest.raises(ConfigError, match="from 1 to 100; got 0"):
        MelContour(n_parts=0)
