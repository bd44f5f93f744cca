"""Silero's model as it is fed: in blocks of any size, in one thread, the same everywhere."""

import importlib.util

import numpy as np
import pytest

from emodist.audio import silero, speech
from emodist.errors import ConfigError
from emodist.synthesis.prosody import Speaker
from emodist.synthesis.voice import utterance
from tests.audio import sounds

SR = 16_000
needs_extra = pytest.mark.skipif(not silero.is_installed(), reason="needs the extra [speech]")


@pytest.fixture(scope="module")
def model():
    return silero.Silero()


@pytest.fixture(scope="module")
def voice():
    """Two utterances of the demo's SYNTHETIC voice, three seconds of silence between them."""
    rng = np.random.default_rng(3)
    speaker = Speaker.draw("s", rng, is_low=True)
    silence = np.zeros(3 * SR, np.float32)
    parts = [silence[:SR], utterance(speaker, "happy", rng, 3.0), silence]
    return np.concatenate([*parts, utterance(speaker, "sad", rng, 2.0), silence[:7777]])


def heard(model, waveform, sizes=()):
    listener, at, found = model.listen(), 0, []
    for size in sizes:
        found.append(listener.hear(waveform[at : at + size]))
        at += size
    return np.concatenate([*found, listener.hear(waveform[at:]), listener.end()])


@needs_extra
@pytest.mark.parametrize("sizes", [[1] * 700, [511, 1, 513, 0, 16_384], [16_383, 16_385, 100]])
def test_the_numbers_do_not_depend_on_where_blocks_end(model, voice, sizes):
    np.testing.assert_array_equal(heard(model, voice, sizes), heard(model, voice))


@needs_extra
def test_each_window_of_32_ms_has_a_probability_and_the_last_one_is_filled_up(model, voice):
    found = heard(model, voice)
    assert found.shape == (-(-len(voice) // silero.WINDOW),)
    assert 0 <= found.min() < 0.1 < 0.9 < found.max() <= 1


@needs_extra
def test_it_hears_what_faster_whisper_hears(model, voice):
    theirs = pytest.importorskip("faster_whisper.vad").get_vad_model()
    whole = voice[: len(voice) // 512 * 512].copy()
    # It zeroes the end of the array that it is given, which is the last window.
    expected = theirs(whole.copy()).ravel()[:-1]
    np.testing.assert_allclose(heard(model, whole)[:-1], expected, atol=1e-6)


@needs_extra
def test_a_recording_knows_nothing_of_the_one_before(model, voice):
    first = heard(model, voice)
    heard(model, sounds.music(2.0))
    np.testing.assert_array_equal(heard(model, voice), first)


@needs_extra
def test_voices_are_found_to_a_quarter_of_a_second_and_silence_between_them(model, voice):
    found = speech.spans([voice], model)
    np.testing.assert_allclose(found, [(1.0, 4.0), (7.0, 9.0)], atol=0.25)


@needs_extra
@pytest.mark.parametrize("kind", ["rain", "music", "bells"])
def test_rain_music_and_bells_are_no_speech(model, kind):
    assert speech.spans([getattr(sounds, kind)(20.0)], model) == []


def test_without_its_packages_it_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else found(name)
    )
    assert not silero.is_installed()
    with pytest.raises(ConfigError, match=r'pip install "emodist\[speech\]"'):
        silero.Silero()


@needs_extra
def test_another_version_of_the_model_is_refused(monkeypatch):
    monkeypatch.setattr(silero, "_SHA256", "0" * 64)
    with pytest.raises(ConfigError, match="does not ship the version of Silero's model"):
        silero.Silero()
